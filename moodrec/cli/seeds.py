"""Where a seed names several tracks, a person at a terminal chooses one by its number."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from moodrec.cli.console import Screen
from moodrec.errors import AmbiguousSeedError, NotFoundError


def chosen_seed(screen: Screen, resolve: Callable[[str], str], seed: str) -> str:
    """Give the track that a seed names; several are listed, and the user is asked for a number.

    Args:
        screen: where the tracks are listed. Under ``--json``, and without a terminal, nobody is asked.
        resolve: finds the id of a track that a seed names.
        seed: the text.

    Returns:
        The track's id; the seed as it is, where no track is called so: it may be a file outside the library.

    Raises:
        AmbiguousSeedError: several tracks match, and nobody chose one.
    """
    try:
        return resolve(seed)
    except NotFoundError:
        return seed
    except AmbiguousSeedError as error:
        if screen.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        return _asked(screen, error)


def _asked(screen: Screen, error: AmbiguousSeedError) -> str:
    listing = str(error).partition("\n")[2]
    screen.warn(f"{len(error.matches)} tracks match:\n{listing}")
    while True:
        answer = typer.prompt(
            "number of the track, or Enter for none", default="", show_default=False, err=True
        )
        if not answer.strip():
            raise error
        if answer.strip().isdigit() and 1 <= int(answer) <= len(error.matches):
            return error.matches[int(answer) - 1][0]
        screen.warn(f"{answer}: should be a number from 1 to {len(error.matches)}")
