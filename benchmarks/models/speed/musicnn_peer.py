"""Times the package ``musicnn`` on the files named; run by analysis.py with a Python that has it."""

from __future__ import annotations

import json
import sys
import time
import warnings

warnings.simplefilter("ignore")
from musicnn import extractor as peer  # noqa: E402

PATCH_FRAMES = 187


def main() -> None:
    """Print one line of JSON: times real time of the last file."""
    for path in sys.argv[1:]:
        begun = time.perf_counter()
        _, spectrogram = peer.batch_data(path, PATCH_FRAMES, PATCH_FRAMES)
        heard = time.perf_counter()
        peer.extractor(path, model="MSD_musicnn", extract_features=True)
        ended = time.perf_counter()
    seconds = len(spectrogram) * peer.config.FFT_HOP / peer.config.SR
    figures = {
        "decode and log-mel": seconds / (heard - begun),
        "file to result": seconds / (ended - heard),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
