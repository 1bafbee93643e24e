"""``moodrec library verify|migrate|backup|restore|switch|prune`` check and maintain a library."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from moodrec.arguments import brief
from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.library import file_document, open_library
from moodrec.cli.options import JsonOption, LibraryOption, QuietOption, chosen_library, to_disk
from moodrec.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from moodrec.library.library import Library

BEFORE_RESTORE: Final = "library-before-restore.sqlite"

ApplyOption = Annotated[
    bool, typer.Option("--apply", help="Do it; without this, only print what would be done.")
]


def verify(
    library: LibraryOption = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Delete damaged vectors: the next analysis computes them again.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check the database and every stored vector.

    Exit code 4 says that it is damaged. Its index has a check of its own: moodrec index verify.

    Example: moodrec library verify
    """
    from moodrec.catalog.repair import check_library, drop_damaged

    screen = Screen(as_json, quiet)
    with open_library(screen, library) as store:
        dropped = drop_damaged(store) if repair else 0
        rows = check_library(store)
    screen.document({"path": store.path, "checked": rows, "dropped": dropped, "verified": True})
    if dropped:
        screen.text(
            f"{words.plural(dropped, 'damaged row')} dropped; to analyse those tracks again: moodrec analyze FOLDER"
        )
    screen.text(f"{store.path}: {words.plural(rows, 'analysis', 'analyses')}, all as they were written")


def migrate(
    library: LibraryOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and stop.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Bring a library of an older moodrec up to date.

    Every command that changes a library does so first; a copy of the old database stays beside it.

    Example: moodrec library migrate --dry-run
    """
    from moodrec.library.library import Library

    screen, place = Screen(as_json, quiet), chosen_library(library)
    found, current = Library.formats(place)
    done = None
    if found < current and not dry_run:
        with Library.open(place) as store, store.writer():
            done = store.migration
    backup = None if done is None else done.backup
    screen.document({"path": place, "from_format": found, "to_format": current, "backup": backup})
    if found == current:
        screen.text(f"{place}: has format {current} already")
    elif done is None:
        screen.text(f"{place}: format {found} would become format {current}, with a copy of the old database")
    else:
        screen.text(f"{place}: format {found} became format {current}; as it was before: {done.backup}")


def backup(
    out: Annotated[Path, typer.Argument(metavar="OUT.sqlite", callback=to_disk, help="The file to write.")],
    library: LibraryOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Copy the database, also while it is being written.

    The copy is consistent; moodrec library restore goes back to it.

    Example: moodrec library backup ~/backups/moodrec.sqlite
    """
    screen = Screen(as_json, quiet)
    if out.exists() and not (force and out.is_file()):
        raise UsageError(f"{out}: exists already; --force replaces a file")
    with open_library(screen, library) as store:
        store.back_up(out)
    screen.document({"out": out, "size": out.stat().st_size})
    screen.text(f"{out}: {words.size(out.stat().st_size)}")


def restore(
    copy: Annotated[Path, typer.Argument(metavar="COPY.sqlite", help="A file that library backup wrote.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Go back to a copy of the database, and build the index of it.

    The database as it is goes to library-before-restore.sqlite first. Players and servers that have the library open
    go on with the restored one.

    Example: moodrec library restore ~/backups/moodrec.sqlite
    """
    from moodrec.catalog.refresh import refresh_index

    screen = Screen(as_json, quiet)
    with open_library(screen, library) as store, store.writer():
        before = store.path / BEFORE_RESTORE
        store.restore(copy, keep_as=before)
        tracks = len(refresh_index(store))
    screen.document({"path": store.path, "restored": copy, "before": before, "tracks": tracks})
    screen.text(
        f"{store.path}: as {copy} has it, {words.plural(tracks, 'track')}; as it was before: {before}"
    )


def switch(
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Its name or fingerprint; else the other one.")
    ] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let search use another model that the library holds.

    A new model takes over by itself once it has analysed every track; this switches back, or earlier.

    Example: moodrec library switch
    """
    from moodrec.catalog.refresh import refresh_index

    screen = Screen(as_json, quiet)
    with open_library(screen, library) as store, store.writer():
        fingerprint = _chosen_model(store, model)
        switched = store.promote(fingerprint)
        tracks, current = len(refresh_index(store)), store.model()
    screen.document(
        {"model": current.fingerprint, "name": current.name, "switched": switched, "tracks": tracks}
    )
    screen.text(f"search uses model {current.name} {current.fingerprint}: {words.plural(tracks, 'track')}")


def prune(
    library: LibraryOption = None,
    gone: Annotated[
        bool, typer.Option("--gone", help="Drop files that are gone, with their tracks and ids.")
    ] = False,
    old_models: Annotated[
        bool, typer.Option("--old-models", help="Drop the vectors of models that search does not use.")
    ] = False,
    apply: ApplyOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Delete what is no longer needed.

    A file that is gone keeps its id until then: should it come back, it is the same track.

    Example: moodrec library prune --gone --apply
    """
    from moodrec.catalog.overview import files_of
    from moodrec.catalog.refresh import refresh_index

    screen = Screen(as_json, quiet)
    if not (gone or old_models):
        if apply:
            raise UsageError("name what to drop: --gone, --old-models, or both")
        gone = old_models = True  # alone, it shows what either would drop
    with open_library(screen, library) as store:
        files = files_of(store, gone=True) if gone else []
        others = store.models()[1:] if old_models else []
        dropped = None
        if apply:
            with store.writer():
                dropped = store.prune(gone=gone, old_models=old_models)
                refresh_index(store)
    screen.document(
        {
            "applied": apply,
            "files": [file_document(record) for record in files],
            "models": [model.fingerprint for model in others],
            "dropped": None if dropped is None else asdict(dropped),
        }
    )
    for record in files:
        screen.text(str(record.state.path))
    for model in others:
        screen.text(f"model {model.name} {model.fingerprint}: {words.plural(model.tracks, 'track')}")
    what = f"{words.plural(len(files), 'file')} and {words.plural(len(others), 'model')}"
    how = "--gone and --old-models with --apply drop them"
    screen.text(f"{what} dropped" if apply else f"{what} would be dropped:\n{how}")


def _chosen_model(store: Library, name: str | None) -> str:
    models = store.models()
    if name is None:
        if len(models) != 2:
            raise UsageError(
                f"the library holds {words.plural(len(models), 'model')}: name one{_listed(store)}"
            )
        return models[1].fingerprint
    found = [model.fingerprint for model in models if name in (model.name, model.fingerprint)]
    if not found:
        raise NotFoundError(f"the library holds no model {brief(name)}{_listed(store)}")
    if len(found) > 1:
        raise UsageError(f"several models are called {brief(name)}; give a fingerprint{_listed(store)}")
    return found[0]


def _listed(store: Library) -> str:
    lines = [
        f"\n  {model.fingerprint}  {model.name}, {words.plural(model.tracks, 'track')}"
        for model in store.models()
    ]
    return ":" + "".join(lines) if lines else ""
