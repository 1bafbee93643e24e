"""The names that a catalogue has in Milvus."""

from __future__ import annotations

from dataclasses import dataclass

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
