"""MIDI files are rendered to audio by the program fluidsynth, which is not a dependency of the package."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from moodrec.errors import DataError, NotFoundError
from moodrec.files.replacing import remove_quietly, temporary_beside

HOW_TO_INSTALL: Final = "on Debian/Ubuntu: apt install fluidsynth fluid-soundfont-gm"
GAIN: Final = "1.0"
"""Gain that is passed to fluidsynth; at its default of 0.2 a piano peaks at about -24 dBFS, quieter than any
record.
"""
USUAL_SOUNDFONT: Final = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
"""Path at which the package fluid-soundfont-gm installs its soundfont."""


def render_midi(midi: Path, wav: Path, soundfont: Path, sample_rate: int = 16_000) -> None:
    """Render one file to 16-bit stereo WAV; ``wav`` appears only once it is complete.

    Args:
        midi: the file to render.
        wav: the file to write.
        soundfont: the soundfont to render with.
        sample_rate: sample rate of ``wav``, in Hz.

    Raises:
        NotFoundError: the program fluidsynth or the soundfont is not there.
        DataError: fluidsynth cannot render the file.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise NotFoundError(f"the program fluidsynth is not installed; {HOW_TO_INSTALL}")
    if not soundfont.is_file():
        raise NotFoundError(f"{soundfont}: no such soundfont; {HOW_TO_INSTALL}")
    # Rendered under another name, so that an interrupted rendering is not taken for a finished one.
    part = temporary_beside(wav)
    command = [
        program,
        "-ni",
        "-q",
        "-g",
        GAIN,
        "-r",
        str(sample_rate),
        "-F",
        str(part),
        str(soundfont),
        str(midi),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not part.is_file():
        remove_quietly(part)
        raise DataError(f"{midi}: fluidsynth cannot render it: {(done.stderr or done.stdout).strip()[-300:]}")
    part.replace(wav)
