"""``moodrec model`` maintains model folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moodrec.cli import words
from moodrec.cli.console import Screen
from moodrec.cli.options import JsonOption, QuietOption


def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A model folder, as training writes it.")],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a model's network as an ONNX graph, so that it runs without PyTorch.

    Training does so by itself; this is for folders of earlier versions. The model's fingerprint stays.
    Needs pip install 'moodrec[train]'.

    Example: moodrec model export runs/own/model
    """
    from moodrec.extras import require_torch

    require_torch("writing a model as an ONNX graph")
    from moodrec.model.checkpoint import write_graph

    screen = Screen(as_json, quiet)
    exported = write_graph(folder)
    screen.document({"graph": exported.path, "size": exported.size, "fingerprint": exported.fingerprint})
    screen.text(f"{exported.path}: {words.size(exported.size)}; model {exported.fingerprint} as before")
