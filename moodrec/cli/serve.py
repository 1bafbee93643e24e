"""``moodrec serve``: an API and a page over a library, on this machine unless a token is given."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from moodrec.cli.console import Screen
from moodrec.cli.index_load import CatalogueOption
from moodrec.cli.options import JsonOption, LibraryOption, ModelOption, QuietOption, chosen_library
from moodrec.engines import PASSWORD_VARIABLE
from moodrec.errors import UsageError
from moodrec.named_files import read_secret

if TYPE_CHECKING:
    from moodrec.engines.address import EngineAddress
    from moodrec.serve.settings import ServeSettings

TOKEN_VARIABLE = "MOODREC_SERVE_TOKEN"


def serve(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="LIBRARY", help="The library, or an index folder.")
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="The address to bind; others than loopback need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65_535)] = 8765,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help=f"A file with the token; or set {TOKEN_VARIABLE}."),
    ] = None,
    music: Annotated[
        list[Path] | None,
        typer.Option(
            "--music",
            metavar="DIR",
            help="A folder that may be analysed from the page; audio is served from there alone. Repeatable.",
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="Another host name of this server, as behind a proxy."),
    ] = None,
    rate: Annotated[
        float, typer.Option("--rate", min=0, help="Requests a second of one client; 0 for any number.")
    ] = 300.0,
    map_method: Annotated[
        Literal["auto", "pca", "umap"], typer.Option("--map", help="How the map is laid out.")
    ] = "auto",
    index: Annotated[
        str | None,
        typer.Option(
            "--index",
            envvar="MOODREC_SERVE_INDEX",
            metavar="ADDRESS",
            help="A catalogue in an engine, in the place of a folder: postgresql://user@host/database or "
            f"milvus://host:19530. The password goes into {PASSWORD_VARIABLE}.",
        ),
    ] = None,
    catalogue: CatalogueOption = "moodrec",
    check: Annotated[
        bool, typer.Option("--check", help="Check that it would work, print what was found, and stop.")
    ] = False,
    library: LibraryOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Serve a library to the page, to programs and to players; or a catalogue in an engine to the latter two.

    It needs an extra: pip install 'moodrec[serve]'. It ends with Ctrl-C.

    Example: moodrec serve --music ~/Music
    """
    from moodrec.serve.extra import require

    require()
    from moodrec.serve.run import run
    from moodrec.serve.settings import Limits, ServeSettings

    screen = Screen(as_json, quiet)
    engine = _engine(context, index, catalogue, folder)
    settings = ServeSettings(
        library=folder or chosen_library(library) if engine is None else None,
        engine=engine,
        host=host,
        port=port,
        token=_token(token_file),
        music=tuple(music or ()),
        model=model,
        names=tuple(name or ()),
        map_method=map_method,
        limits=Limits(rate=rate),
    )
    if check:
        _check(screen, settings)
        return
    run(settings, lambda ready: _announce(screen, ready))


def _engine(
    context: typer.Context, index: str | None, catalogue: str, folder: Path | None
) -> EngineAddress | None:
    """Read the address of an engine; a folder that is typed goes before an address that is not.

    Raises:
        UsageError: both are typed, the address cannot be read, or it was typed with a password.
    """
    source = context.get_parameter_source("index")
    typed = source is not None and source.name == "COMMANDLINE"
    if not index or (folder is not None and not typed):
        return None
    if folder is not None:
        raise UsageError(f"give the folder {folder} or --index, not both")
    from moodrec.engines.address import EngineAddress

    address = EngineAddress.of(index, catalogue, os.environ.get(PASSWORD_VARIABLE))
    if typed and address.has_password:
        raise UsageError(
            f"other users see the command line, and with it the password: put it into {PASSWORD_VARIABLE}, or the "
            "whole address into MOODREC_SERVE_INDEX"
        )
    return address


def _check(screen: Screen, settings: ServeSettings) -> None:
    from moodrec.serve.check import check

    found = check(settings)
    screen.document({"ok": all(one.ok for one in found), "checks": [asdict(one) for one in found]})
    screen.table(["check", "", "found"], [[one.what, "ok" if one.ok else "no", one.detail] for one in found])
    if not all(one.ok for one in found):
        raise typer.Exit(1)


def _announce(screen: Screen, settings: ServeSettings) -> None:
    guarded = "; the token is required" if settings.token else ""
    screen.note(f"{settings.served} at {settings.url}{guarded}; Ctrl-C ends it")
    screen.document({"url": settings.url, "library": settings.served, "token": settings.token is not None})


def _token(file: Path | None) -> str | None:
    """Read the token from a file or from the environment: the command line would show it to other users.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it holds no token.
    """
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    return read_secret(file)
