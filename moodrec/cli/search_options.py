"""The options of a search on the command line, and how they become :class:`SearchOptions`.

A new search option is one parameter of :func:`search_options`: every command that takes them has it then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from moodrec.cli.completion import complete_targets
from moodrec.cli.options import AudioOnlyOption, WhereOption
from moodrec.errors import UsageError

if TYPE_CHECKING:
    from moodrec.index.search.options import SearchOptions

Command = Callable[..., None]


def search_options(
    where: WhereOption = None,
    mood: Annotated[
        str | None,
        typer.Option(
            "--mood",
            "-m",
            metavar="NAME=TARGET,...",
            help="Draw towards moods: happy=0.9,calm=0.7.",
            autocompletion=complete_targets,
        ),
    ] = None,
    mood_weight: Annotated[
        float | None,
        typer.Option("--mood-weight", min=0, max=1, help="Of the mood against the sound; 0.5 with --mood."),
    ] = None,
    max_per_artist: Annotated[
        int | None, typer.Option("--max-per-artist", min=1, help="At most so many by one artist.")
    ] = None,
    max_per_album: Annotated[
        int | None, typer.Option("--max-per-album", min=1, help="At most so many of one album.")
    ] = None,
    distinct: Annotated[
        bool, typer.Option("--distinct", help="No copies of a track that is listed, or of the seed.")
    ] = False,
    diversity: Annotated[
        float,
        typer.Option("--diversity", min=0, max=1, help="How much likeness to a listed track counts against."),
    ] = 0.0,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="TRACK_ID", help="None but this track and others so named; repeatable."
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="TRACK_ID", help="Not this track; repeatable.")
    ] = None,
    exclude_artist: Annotated[
        list[str] | None, typer.Option("--exclude-artist", metavar="NAME", help="None by them; repeatable.")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Compare every track that passes.")] = False,
    audio_only: AudioOnlyOption = False,
) -> SearchOptions:
    """What a search is asked for, from the options of a command line; what is not given keeps its default.

    Raises:
        UsageError: a value is malformed, or values contradict each other; FilterError for the condition.
    """
    from moodrec.index.search.options import SearchOptions

    return SearchOptions(
        where=where,
        mood=parse_targets(mood),
        mood_weight=mood_weight,
        max_per_artist=max_per_artist,
        max_per_album=max_per_album,
        distinct=distinct,
        diversity=diversity,
        only=only or None,
        exclude=exclude or (),
        exclude_artist=exclude_artist or (),
        exact=exact,
        audio_only=audio_only,
    )


SELECTING = ("where", "only", "exclude", "exclude_artist", "distinct", "audio_only")
"""The options that say which tracks may come, whatever they are ranked by, and which scores are meant."""
DRAWING = ("mood", "mood_weight")
"""The options that draw towards a mood."""


def takes_search_options(*names: str) -> Callable[[Command], Command]:
    """Give a command the options of a search in place of its parameter ``options``.

    Args:
        names: the parameters of :func:`search_options` that the command shall have; all of them by default.

    Returns:
        A decorator. The command is called with ``options`` made by :func:`search_options`.
    """
    shared = _parameters(search_options)
    chosen = {name: shared[name] for name in names or shared}

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(**given: Any) -> None:
            mine = {name: given.pop(name) for name in chosen}
            command(options=search_options(**mine), **given)

        parameters: list[Parameter] = []
        for name, parameter in _parameters(command).items():
            parameters += chosen.values() if name == "options" else [parameter]
        run.__signature__ = signature(command).replace(  # type: ignore[attr-defined]
            parameters=[one.replace(kind=Parameter.KEYWORD_ONLY) for one in parameters]
        )
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate


def _parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a function, their annotations evaluated; the class itself is not loaded for it."""
    hints = get_type_hints(function, localns={"SearchOptions": object}, include_extras=True)
    given = signature(function).parameters
    return {name: parameter.replace(annotation=hints[name]) for name, parameter in given.items()}


def parse_targets(text: str | None) -> dict[str, float] | None:
    """Read ``happy=0.9,energetic=0.7``.

    Raises:
        UsageError: it is not of that form.
    """
    if text is None:
        return None
    from moodrec.recommend.mood_targets import written_targets

    targets = written_targets(text)
    if targets is None:
        raise UsageError(
            f"--mood {text}: should be NAME=TARGET,... with each name once, such as happy=0.9,calm=0.7"
        )
    return targets


def in_words(options: SearchOptions) -> str:
    """The condition and the mood target of a search: ``year >= 1990, calm=0.9``."""
    mood = ",".join(f"{name}={target}" for name, target in (options.mood or {}).items())
    return ", ".join(filter(None, (str(options.where or ""), mood)))
