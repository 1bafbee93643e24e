"""What the scripts of all engines have in common: their options, and the form of a result."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import platformdirs

from benchmarks.engines.measure import SEED, K
from benchmarks.machine import machine_report
from benchmarks.search.data import SearchData, load_data

FOLDER: Final = Path(__file__).parents[1] / "results" / "engines"


def arguments(about: str | None, engine: str) -> tuple[argparse.Namespace, SearchData]:
    """Read the command line, and make the catalogue.

    Args:
        about: what ``--help`` says.
        engine: the name of the result's file.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--cache", type=Path, default=Path(platformdirs.user_cache_dir("moodrec")) / "search")
    parser.add_argument("--out", type=Path, default=FOLDER / f"{engine}.json")
    args = parser.parse_args()
    return args, load_data("clustered", args.n, args.cache)


def keep(args: argparse.Namespace, engine: str, built: float, cells: dict[str, Any], *packages: str) -> None:
    """Write a result.

    Args:
        args: the command line.
        engine: the engine and its version, for readers.
        built: seconds that the build took.
        cells: the figures by cell.
        *packages: whose versions are told.
    """
    report = {"engine": engine, "n": args.n, "k": K, "seed": SEED, "build_s": round(built, 1), "cells": cells}
    report["machine"] = machine_report(*packages)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=1) + "\n")
