"""Writing tracks to a playlist file, for every command that does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import to_disk

if TYPE_CHECKING:
    import pandas as pd

AbsoluteOption = Annotated[
    bool, typer.Option("--absolute", help="Absolute paths in the file; else relative to it.")
]
M3uOption = Annotated[
    Path | None,
    typer.Option(
        "--m3u", metavar="FILE", callback=to_disk, help="Write a playlist too (.m3u8, .xspf or .jspf)."
    ),
]


def refuse_other_formats(out: Path) -> None:
    """Refuse a file whose suffix is not that of a playlist.

    Raises:
        UsageError: it is not; the message lists the suffixes.
    """
    from moodrec.recommend.playlists.files import writer_of

    writer_of(out)


def write_list(screen: Screen, tracks: pd.DataFrame, out: Path, title: str, absolute: bool) -> None:
    """Write tracks to a playlist file, say so, and warn of entries that lead to no file.

    Args:
        screen: where it is said.
        tracks: with ``path``, and ``title``, ``artist`` and ``duration`` where known.
        out: the file; a suffix that is no playlist's makes an M3U.
        title: of the playlist.
        absolute: whether paths are written whole, and not relative to the file.
    """
    from moodrec.recommend.playlists.files import FORMATS, write_playlist
    from moodrec.recommend.playlists.m3u import write_m3u

    known = out.suffix.lower() in FORMATS
    count = (
        write_playlist(tracks, out, title, not absolute) if known else write_m3u(tracks, out, not absolute)
    )
    screen.note(f"{words.plural(int(count), 'track')} in {out}")
    if warning := count.warning(out):
        screen.warn(warning)
