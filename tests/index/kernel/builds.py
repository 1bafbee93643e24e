"""Builds of the kernel beside the installed one: for another processor, or with checks that the compiler puts in."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path

import moodrec

SOURCES = Path(moodrec.__file__).parent / "index" / "kernel"
ROOT = Path(__file__).parents[3]


def flags() -> list[str]:
    """The compiler flags that setuptools builds the kernel with."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (module,) = settings["tool"]["setuptools"]["ext-modules"]
    return list(module["extra-compile-args"])


def sources() -> list[Path]:
    """The kernel's C files, without the one that needs Python."""
    return sorted(path for path in SOURCES.glob("*.c") if path.name != "python.c")


def compiled(
    compiler: str, options: Sequence[str], files: Sequence[Path], out: Path, headers: Path = SOURCES
) -> Path:
    """Compile and link; a warning is an error."""
    strict = ["-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror"]
    command = [compiler, *flags(), *strict, *options, f"-I{headers}", *map(str, files), "-lm", "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def missing(*programs: str) -> str:
    """Why a build cannot be made here, "" if it can."""
    lacking = [program for program in programs if shutil.which(program) is None]
    if not sources():
        return "the kernel's sources are not here"
    return f"{' and '.join(lacking)} not installed" if lacking else ""
