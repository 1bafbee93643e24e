"""The systems by name; a module is imported only in the process that runs its system."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from peers.peer import Peer

SYSTEMS: Final = {
    "moodrec": ("peers.ours", "Moodrec"),
    "numpy": ("peers.exact_numpy", "NumpyScan"),
    "faiss-ivf": ("peers.faiss_peers", "FaissIvf"),
    "faiss-hnsw": ("peers.faiss_peers", "FaissHnsw"),
    "hnswlib": ("peers.graphs", "Hnswlib"),
    "usearch": ("peers.graphs", "Usearch"),
    "voyager": ("peers.graphs", "Voyager"),
    "zvec": ("peers.zvec_peer", "Zvec"),
    "qdrant-edge": ("peers.qdrant_peer", "QdrantEdge"),
    "lancedb": ("peers.lancedb_peer", "LanceDb"),
    "milvus-lite": ("peers.milvus_peer", "MilvusLite"),
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
