"""Built indexes, kept in the cache until what they were built from changes."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Final

import moodrec
from benchmarks.peers.registry import peer_class, versions
from benchmarks.search.worker import Place, Worker

_FACTS: Final = "built.json"
_SOURCES: Final = {".py", ".toml", ".c", ".cpp", ".h"}


def ensure_built(place: Place) -> dict[str, Any]:
    """Build the index of ``place`` if it is not there; what building took.

    Raises:
        WorkerError: the system fails.
    """
    facts, file = _facts(place.system), place.folder / _FACTS
    if file.exists():
        built: dict[str, Any] = json.loads(file.read_text())
        if {name: built.get(name) for name in facts} == facts:
            return built
    tell(f"{place.system}: building over {place.n:,} {place.data} rows")
    worker = Worker(place)
    try:
        built = worker.build() | facts
    finally:
        worker.close()
    file.write_text(json.dumps(built))
    return built


def _facts(system: str) -> dict[str, Any]:
    """What must be as it was for a built index to be used again."""
    kind = peer_class(system)
    facts: dict[str, Any] = {"versions": versions(kind), "note": kind.note}
    return facts | ({"source": source_hash()} if kind.kind == "ours" else {})


def source_hash() -> str:
    """Of moodrec's search: an index built by other code is built again."""
    root = Path(moodrec.__file__).parent
    files = sorted(
        path
        for folder in ("index", "filters")
        for path in (root / folder).rglob("*")
        if path.suffix in _SOURCES
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def tell(line: str) -> None:
    """Progress goes to stderr."""
    print(line, file=sys.stderr, flush=True)
