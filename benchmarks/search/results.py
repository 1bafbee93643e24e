"""The result of one catalogue as a JSON file that grows cell by cell."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from moodrec.files.replacing import write_atomically

_SHORT_LIST: Final = re.compile(r"\[([\d\s.,e+-]+)\]")
FOLDER: Final = RESULTS / "search"


class ResultFile:
    """``document`` is what the file holds; :meth:`save` writes it."""

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        """Read ``path``, or begin with ``facts``.

        Raises:
            ValueError: the file is about other facts: another seed, say.
        """
        self.path = path
        self.document: dict[str, Any] = {**facts, "systems": {}, "cells": {}}
        if path.exists():
            self.document = json.loads(path.read_text(encoding="utf-8"))
            other = {name for name, value in facts.items() if self.document.get(name) != value}
            if other:
                raise ValueError(
                    f"{path} was measured with other {', '.join(sorted(other))}: move it away first"
                )

    def note_machine(self, stage: str, *packages: str) -> None:
        """Put the report of the machine into the file, with its load at the start of each stage."""
        report = machine_report(*packages)
        self.document.setdefault("load", {})[stage] = report.pop("load")
        self.document["machine"] = report
        self.save()

    def save(self) -> None:
        """Write the file, whole or not at all."""
        text = _SHORT_LIST.sub(_on_one_line, json.dumps(self.document, indent=1))
        write_atomically(self.path, f"{text}\n".encode())

    def system(self, name: str) -> dict[str, Any]:
        """What is known of a system."""
        found: dict[str, Any] = self.document["systems"].setdefault(name, {})
        return found

    def cell(self, name: str) -> dict[str, Any]:
        """What is known of a cell; ``tuned`` and ``measured`` by system."""
        found: dict[str, Any] = self.document["cells"].setdefault(name, {"tuned": {}, "measured": {}})
        return found

    def forget(self, system: str) -> None:
        """Drop what was measured of a system, so that it is measured again; it keeps its tuned settings."""
        for cell in self.document["cells"].values():
            cell["measured"].pop(system, None)

    def forget_tuning(self, system: str) -> None:
        """Drop its tuned settings too."""
        self.forget(system)
        for cell in self.document["cells"].values():
            cell["tuned"].pop(system, None)


def _on_one_line(found: re.Match[str]) -> str:
    return "[" + ", ".join(item.strip() for item in found[1].split(",")) + "]"


def result_file(path: Path, facts: dict[str, Any]) -> ResultFile:
    """As the scripts open theirs: a file of other facts ends them with a message."""
    try:
        return ResultFile(path, facts)
    except ValueError as error:
        sys.exit(str(error))


def search_path(data: str, n: int) -> Path:
    """Where the result of a catalogue is."""
    return FOLDER / f"{data}-{n}.json"


def rounded(value: float, digits: int = 4) -> float:
    """A figure as it is stored."""
    return float(f"{value:.{digits}g}")
