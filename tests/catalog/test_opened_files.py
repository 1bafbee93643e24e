"""Which files and addresses decoding opens, seen by strace: the one that it was given."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audio.sounds import write_any
from tests.catalog.corpus import noise
from tests.catalog.hostile import FORMATS, write_by_hand

MARK = "/moodrec-begins-here"
# What a decoding process does, with a mark in the trace after its start.
LISTEN = f"""
import json, sys
from pathlib import Path
from moodrec.audio.formats import AUDIO_SUFFIXES
from moodrec.catalog.decoding import DecodeSettings, decode_file
from moodrec.errors import AudioError
Path({MARK!r}).exists()
outcomes = {{}}
for path in sorted(Path(sys.argv[1]).iterdir()):
    if path.suffix in AUDIO_SUFFIXES:
        try:
            decode_file(path, DecodeSettings(sample_rate=16_000, window_samples=80_000, max_windows=4))
            outcomes[path.name] = "ok"
        except AudioError as error:
            outcomes[path.name] = error.reason
print(json.dumps(outcomes))
"""
CALL = re.compile(r'^\d+ +(?:open|openat|openat2|creat)\((?:[^",]*, )?"((?:[^"\\]|\\.)*)"')
CODE = tuple({sys.prefix, sys.base_prefix, str(Path(__file__).parents[2])})
"""Python's own files and moodrec's: modules that are imported when they are first needed."""
SYSTEM = ("/lib", "/usr/lib", "/etc/ld.so", "/proc/", "/sys/", "/dev/null", "/dev/urandom")
# Looked for by libsndfile, whatever a file is called or holds, before it takes it for an MP3.
RESOURCE_FORK = {"/..namedfork/rsrc", "._", "/._", ".AppleDouble/", "/.AppleDouble/"}
PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile '{secret}'\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n",
    "address": "#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.mp3\n",
}


def traced(folder: Path) -> list[str]:
    """The lines of the trace from the mark on."""
    trace = folder.parent / "trace"
    command = [
        "strace",
        "-f",
        "-qq",
        "-s",
        "4096",
        "-e",
        "trace=open,openat,openat2,creat,connect,socket,stat,newfstatat",
    ]
    done = subprocess.run(
        [*command, "-o", str(trace), sys.executable, "-c", LISTEN, str(folder)],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        pytest.skip(f"strace may not trace here: {done.stderr[-200:]}")
    lines = trace.read_text(errors="replace").splitlines()
    start = next(number for number, line in enumerate(lines) if MARK in line)
    return lines[start + 1 :]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Every format whole, the known troublemakers, and playlists under every name."""
    place = tmp_path / "music"
    write_by_hand(place)
    for suffix in (*FORMATS, ".aac", ".wma", ".mka"):
        write_any(place / f"whole{suffix}", noise(0.5, 1))
        for kind, text in PLAYLISTS.items():
            (place / f"{kind}{suffix}").write_text(text.format(secret=tmp_path / "secret.m4a"))
    write_any(tmp_path / "secret.m4a", noise(0.5, 2))
    return place


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_decoding_opens_nothing_but_the_file_that_it_was_given(folder: Path) -> None:
    lines = traced(folder)
    opened = [match[1] for line in lines if (match := CALL.match(line))]
    music = [path for path in opened if path.startswith(str(folder))]
    others = {path for path in opened if not path.startswith((str(folder), *CODE, *SYSTEM))}
    assert len(set(music)) > 40, "the trace sees what is opened"
    assert others <= RESOURCE_FORK
    assert not [path for path in opened if "secret" in path]
    assert [line for line in lines if re.match(r"^\d+ +(connect|socket)\(", line)] == []
