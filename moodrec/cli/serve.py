"""``moodrec serve``: an API and a page over a library, on this machine unless a token is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, LibraryOption, ModelOption, QuietOption, chosen_library
from moodrec.errors import NotFoundError

if TYPE_CHECKING:
    from moodrec.serve.settings import ServeSettings

TOKEN_VARIABLE = "MOODREC_SERVE_TOKEN"


def serve(
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
    library: LibraryOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Serve a library to the page, to programs and to players.

    It needs an extra: pip install 'moodrec[serve]'. It ends with Ctrl-C.

    Example: moodrec serve --music ~/Music
    """
    from moodrec.serve.extra import require

    require()
    from moodrec.serve.run import run
    from moodrec.serve.settings import Limits, ServeSettings

    screen = Screen(as_json, quiet)
    settings = ServeSettings(
        library=folder or chosen_library(library),
        host=host,
        port=port,
        token=_token(token_file),
        music=tuple(music or ()),
        model=model,
        names=tuple(name or ()),
        map_method=map_method,
        limits=Limits(rate=rate),
    )
    _announce(screen, settings)
    run(settings)


def _announce(screen: Screen, settings: ServeSettings) -> None:
    guarded = "; the token is required" if settings.token else ""
    screen.note(f"{settings.library} at {settings.url}{guarded}; Ctrl-C ends it")
    screen.document(
        {"url": settings.url, "library": str(settings.library), "token": settings.token is not None}
    )


def _token(file: Path | None) -> str | None:
    """Read the token from a file or from the environment: the command line would show it to other users.

    Raises:
        NotFoundError: there is no such file.
    """
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise NotFoundError(f"{file}: no such file") from None
