"""The copyright file of a Debian package says who made its music."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_NOTICE = re.compile(r"^\s*(?:.*\s)?(?:©|Copyright \(C\))\s*(?P<who>.*)$", re.IGNORECASE)
_LICENCES = (
    (re.compile(r"Attribution, ShareAlike|BY-SA"), "CC BY-SA 3.0"),
    (re.compile(r"GNU General Public License"), "GPL"),
)


@dataclass(frozen=True)
class Credit:
    """The holder of the rights in some music, and its licence."""

    holder: str
    licence: str


def read_credits(copyright_file: Path, music: Sequence[str]) -> tuple[Credit, ...]:
    """Read the credits of some files, each once, as far as the copyright file has them.

    Args:
        copyright_file: the copyright file of a Debian package.
        music: names of the files.
    """
    text = copyright_file.read_text(encoding="utf-8", errors="replace")
    found = _machine_readable(text, music) if text.startswith("Format:") else _plain_prose(text)
    return tuple(dict.fromkeys(found))


def _machine_readable(text: str, music: Sequence[str]) -> Iterator[Credit]:
    """Read Debian's copyright format 1.0: of the paragraphs that match a file, the last one applies."""
    paragraphs = [fields for fields in map(_fields, re.split(r"\n\s*\n", text)) if "files" in fields]
    owners = {name: _last_match(paragraphs, name) for name in music}
    for fields in paragraphs:
        if any(owner is fields for owner in owners.values()):
            for holder in fields.get("copyright", "").splitlines():
                yield Credit(_name(holder), fields.get("license", "").split("\n")[0].strip())


def _last_match(paragraphs: Iterable[dict[str, str]], name: str) -> dict[str, str] | None:
    owner = None
    for fields in paragraphs:
        if any(_covers(pattern, name) for pattern in fields["files"].split()):
            owner = fields
    return owner


def _covers(pattern: str, name: str) -> bool:
    """Say whether a pattern of source paths means the file ``name``; another folder's ``sounds/*`` does not."""
    last = pattern.rpartition("/")[2]
    return pattern == "*" or (last != "*" and fnmatch.fnmatch(name, last))


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in paragraph.splitlines():
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            key, fields[name.lower()] = name.lower(), value.strip()
        elif fields:
            fields[key] += "\n" + line.strip()
    return fields


def _plain_prose(text: str) -> Iterator[Credit]:
    licence = next((name for pattern, name in _LICENCES if pattern.search(text)), "")
    for line in text.splitlines():
        if match := _NOTICE.match(line):
            yield Credit(_name(match["who"]), licence)


def _name(holder: str) -> str:
    """Remove years and mail address from a copyright holder."""
    return re.sub(r"^[\d\s,-]+|\s*<[^>]*>", "", holder).strip()
