"""The systems by name; a module is imported only in the process that runs its system."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from benchmarks.peers.peer import Peer

SYSTEMS: Final = {
    "moodrec": ("benchmarks.peers.ours", "Moodrec"),
    "numpy": ("benchmarks.peers.exact_numpy", "NumpyScan"),
    "faiss-ivf": ("benchmarks.peers.faiss_peers", "FaissIvf"),
    "faiss-hnsw": ("benchmarks.peers.faiss_peers", "FaissHnsw"),
    "hnswlib": ("benchmarks.peers.graphs", "Hnswlib"),
    "usearch": ("benchmarks.peers.graphs", "Usearch"),
    "voyager": ("benchmarks.peers.graphs", "Voyager"),
    "zvec": ("benchmarks.peers.zvec_peer", "Zvec"),
    "qdrant-edge": ("benchmarks.peers.qdrant_peer", "QdrantEdge"),
    "lancedb": ("benchmarks.peers.lancedb_peer", "LanceDb"),
    "milvus-lite": ("benchmarks.peers.milvus_peer", "MilvusLite"),
}


def peer_class(name: str) -> type[Peer]:
    """The class of a system; importing it needs moodrec's own dependencies alone."""
    module, kind = SYSTEMS[name]
    found = getattr(import_module(module), kind)
    if not (isinstance(found, type) and issubclass(found, Peer)):
        raise TypeError(f"{module}.{kind} is no Peer")
    return found


def missing(kind: type[Peer]) -> list[str]:
    """Its packages that are not installed."""
    return [package for package in kind.packages if _version(package) is None]


def versions(kind: type[Peer]) -> dict[str, str]:
    """Of its packages."""
    return {package: _version(package) or "?" for package in kind.packages}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
