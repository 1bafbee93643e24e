"""ONNX Runtime is kept from reporting to its maker: it leaves nothing in the user's home, and opens no connection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import moodrec

PACKAGE = Path(moodrec.__file__).parent


def test_nothing_is_kept_of_the_user(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    code = "import moodrec.model.graph.runtime"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_it_is_imported_in_one_place() -> None:
    importing = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(
            line.strip().startswith(("import onnxruntime", "from onnxruntime"))
            for line in path.read_text().splitlines()
        )
    ]
    assert importing == ["model/graph/runtime.py"]
