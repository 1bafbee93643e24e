"""``moodrec index publish`` and ``moodrec index pull`` carry an index to other machines."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.index import IndexArgument, index_folder, refuse_library
from moodrec.cli.options import FormatOption, JsonOption, QuietOption, to_disk

if TYPE_CHECKING:
    from moodrec.index.storage.published import Moved


def publish(
    index: IndexArgument,
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS", callback=to_disk, help="A folder, or an address such as s3://bucket/index."
        ),
    ],
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Publish an index to a shared folder or an object store.

    Readers there see the newest version whole, or the one before. What is there already is not written again.

    Example: moodrec index publish my-index /srv/shared/index
    """
    from moodrec.index.storage.published import publish_index

    moved = publish_index(index_folder(index), address)
    _tell_moved(Screen(as_json, quiet, form), moved, address, "published to")


def pull(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where an index was published.")],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", callback=to_disk, help="The folder of the index on this machine.")
    ],
    form: FormatOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Pull a published index to this machine, if it is newer.

    Every file is compared with its checksum before the version appears in the folder. 'moodrec serve' and
    MoodIndex.refresh go over to it.

    Example: moodrec index pull /srv/shared/index replica
    """
    from moodrec.index.storage.published import pull_index

    refuse_library(folder)
    _tell_moved(Screen(as_json, quiet, form), pull_index(address, folder), str(folder), "pulled to")


def _tell_moved(screen: Screen, moved: Moved, place: str, what: str) -> None:
    screen.document(asdict(moved) | {"place": place})
    done = f"{what} {place}, {moved.bytes / 1e6:,.1f} MB" if moved.changed else f"is at {place} already"
    screen.text(f"{moved.version}: {words.plural(moved.tracks, 'row')}, {done}")
