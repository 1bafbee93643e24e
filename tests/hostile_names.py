"""Names of music that try to steer a terminal, or to be more than names in the files that hold them."""

from __future__ import annotations

from typing import Final

NAMES: Final = {
    "escape": "\x1b[31mred",
    "C1": "a\x9b31mred",
    "next line": "a\x85#EXTINF:1,x",
    "line separator": "a\u2028/etc/passwd",
    "paragraph separator": "a\u2029/etc/passwd",
    "override": "a\u202egpj",
    "isolate": "a\u2066b\u2069",
    "Arabic mark": "a\u061cb",
    "not UTF-8": "a\udcffb",
    "half a character": "a\ud800b",
    "NUL": "a\0b",
    "lines": "a\r\n#EXTINF:1,x\r\n/etc/passwd",
    "delete": "a\x7fb",
    "markup": "</title></track><track>&evil;]]>",
    "no character": "a\ufffe\uffffb",
    "header": "#EXTM3U",
    "formula": "=cmd|' /C calc'!A0",
}
STEERING: Final = frozenset(
    chr(code)
    for ends in ((0, 9), (11, 32), (0x7F, 0xA0), (0x61C, 0x61D), (0x2028, 0x202F), (0x2066, 0x206A))
    for code in range(*ends)
)
"""Characters that no output holds as they are: all controls but tabs and line feeds, and what turns text around."""
