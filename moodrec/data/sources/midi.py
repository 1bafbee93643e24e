"""MIDI to audio with the program fluidsynth, which is no dependency of the package."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from moodrec.errors import DataError, NotFoundError

HOW_TO_INSTALL: Final = "on Debian/Ubuntu: apt install fluidsynth fluid-soundfont-gm"
GAIN: Final = "1.0"
"""At fluidsynth's own 0.2 a piano peaks at about -24 dBFS, quieter than any record."""
USUAL_SOUNDFONT: Final = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
"""Where the package fluid-soundfont-gm puts its soundfont."""


def render_midi(midi: Path, wav: Path, soundfont: Path, sample_rate: int = 16_000) -> None:
    """Render one file to 16-bit stereo WAV; ``wav`` appears only once it is complete.

    Raises:
        NotFoundError: the program fluidsynth or the soundfont is not there.
        DataError: fluidsynth cannot render the file.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise NotFoundError(f"the program fluidsynth is not installed; {HOW_TO_INSTALL}")
    if not soundfont.is_file():
        raise NotFoundError(f"{soundfont}: no such soundfont; {HOW_TO_INSTALL}")
    part = wav.with_suffix(".part.wav")
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
        part.unlink(missing_ok=True)
        raise DataError(f"{midi}: fluidsynth cannot render it: {(done.stderr or done.stdout).strip()[-300:]}")
    part.replace(wav)
