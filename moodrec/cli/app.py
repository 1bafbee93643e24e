"""``moodrec`` is the command line: one file per command, and heavy imports happen inside the commands."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from moodrec.cli import (
    benchmark,
    index,
    index_load,
    index_publish,
    library,
    library_tags,
    library_upkeep,
    model,
    playlist,
)
from moodrec.cli.analyze import analyze
from moodrec.cli.clusters import clusters
from moodrec.cli.columns import columns
from moodrec.cli.demo import demo
from moodrec.cli.doctor import doctor
from moodrec.cli.embed import embed
from moodrec.cli.evaluate import evaluate
from moodrec.cli.experiment import experiment
from moodrec.cli.export import export
from moodrec.cli.find import find
from moodrec.cli.fingerprint import fingerprint
from moodrec.cli.group import MoodrecGroup
from moodrec.cli.label import label
from moodrec.cli.link import link
from moodrec.cli.list import list_tracks
from moodrec.cli.moods import moods
from moodrec.cli.serve import serve
from moodrec.cli.settings import default_map
from moodrec.cli.similar import similar
from moodrec.cli.streams import open_closed_streams
from moodrec.cli.train import train

app = typer.Typer(
    name="moodrec",
    cls=MoodrecGroup,
    help="Know the mood of every track; find the next one that fits.",
    epilog="Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 corrupt store, 5 store locked, "
    "6 some files or runs failed, 130 interrupted.",
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(requested: bool) -> None:
    if requested:
        import moodrec

        typer.echo(f"moodrec {moodrec.__version__}")
        raise typer.Exit


@app.callback()
def read_settings(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Know the mood of every track; find the next one that fits."""
    context.default_map = default_map(context.command)


_COMMANDS: dict[str, Callable[..., None]] = {
    "analyze": analyze,
    "list": list_tracks,
    "similar": similar,
    "moods": moods,
    "columns": columns,
    "label": label,
    "embed": embed,
    "train": train,
    "evaluate": evaluate,
    "experiment": experiment,
    "export": export,
    "demo": demo,
    "doctor": doctor,
    "find": find,
    "serve": serve,
    "link": link,
}
_GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "index": (
        "Build, change, check, describe and publish an index.",
        {
            "build": index.build,
            "add": index.add,
            "upsert": index.upsert,
            "remove": index.remove,
            "verify": index.verify,
            "info": index.info,
            "repair": index.repair,
            "load": index_load.load,
            "publish": index_publish.publish,
            "pull": index_publish.pull,
        },
    ),
    "playlist": (
        "Make playlists: radio, path, mix, arc, clusters, fingerprint.",
        {
            "radio": playlist.radio,
            "path": playlist.path,
            "mix": playlist.mix,
            "arc": playlist.arc,
            "clusters": clusters,
            "fingerprint": fingerprint,
        },
    ),
    "benchmark": ("Measure retrieval on labelled music.", {"retrieval": benchmark.retrieval}),
    "model": ("Maintain model folders.", {"export": model.export}),
    "library": (
        "Show what a library holds, check it and maintain it.",
        {
            "info": library.info,
            "list": library.list_files,
            "show": library.show,
            "failures": library.failures,
            "verify": library_upkeep.verify,
            "backup": library_upkeep.backup,
            "restore": library_upkeep.restore,
            "migrate": library_upkeep.migrate,
            "switch": library_upkeep.switch,
            "prune": library_upkeep.prune,
            "write-tags": library_tags.write_tags,
            "restore-tags": library_tags.restore_tags,
        },
    ),
}


def _add_commands(to: typer.Typer, commands: dict[str, Callable[..., None]]) -> None:
    for name, command in commands.items():
        to.command(name)(command)


_add_commands(app, _COMMANDS)
for _name, (_says, _commands) in _GROUPS.items():
    _group = typer.Typer(help=_says, rich_markup_mode=None)
    _add_commands(_group, _commands)
    app.add_typer(_group, name=_name)


def main() -> None:
    """Run the command that was typed, and exit with its exit code."""
    # OpenMP reads this when torch is loaded. Threads that spin while they wait take the cores from the decoders and
    # from other programs, and make little progress on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may lack Unicode
    app()
