"""The names that a catalogue has in Milvus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from moodrec.engines.facts import check_catalogue_name


@dataclass(frozen=True)
class Names:
    """The names of a catalogue."""

    catalogue: str
    """What the catalogue is called; the alias of the collection of its tracks."""

    def __post_init__(self) -> None:
        check_catalogue_name(self.catalogue)

    @property
    def facts(self) -> str:
        """The collection of what is known of the catalogue."""
        return f"{self.catalogue}_facts"

    def collection(self, version: str) -> str:
        """Return the name of the collection of one build.

        Args:
            version: what tells it from other builds.
        """
        return f"{self.catalogue}_tracks_{version}"


_MARK: Final = "#"


def marked(collection: str) -> str:
    """Return the key of the text that changes with the rows of a collection, beside the key of its facts."""
    return collection + _MARK


def unmarked(key: str) -> str:
    """Return the name of the collection that a key of either kind belongs to."""
    return key.removesuffix(_MARK)
