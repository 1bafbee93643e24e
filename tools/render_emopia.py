"""Render EMOPIA, which is MIDI, into a folder that moodrec's source ``emopia`` reads.

    apt install fluidsynth fluid-soundfont-gm
    python tools/render_emopia.py $MOODREC_DATA/emopia rendered/emopia

About ten minutes and 2.5 GB for its 1,078 clips. Clips that are there already are kept, so it can be stopped and
started again. The experiment of benchmarks/plans/multitask.toml reads them from rendered/emopia.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from moodrec.data.sources.emopia import render_midis
from moodrec.data.sources.midi import USUAL_SOUNDFONT
from moodrec.errors import MoodrecError

LABELS = ("tracks.csv", "label.csv")


def main() -> None:
    """Render the MIDI files and put the labels beside them."""
    parser = argparse.ArgumentParser(description="Render EMOPIA's MIDI files.")
    parser.add_argument("source", type=Path, help="folder with midis/ and tracks.csv or label.csv")
    parser.add_argument("out", type=Path)
    parser.add_argument("--soundfont", type=Path, default=USUAL_SOUNDFONT)
    given = parser.parse_args()
    try:
        rendered = render_midis(given.source, given.out / "audio", given.soundfont)
    except MoodrecError as error:
        sys.exit(str(error))
    for name in LABELS:
        if (given.source / name).is_file():
            shutil.copyfile(given.source / name, given.out / name)
    print(f"{given.out}: {len(rendered)} clips")


if __name__ == "__main__":
    main()
