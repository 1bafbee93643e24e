"""A Griffe extension for mkdocs.yml: the roles of docstrings (``:func:`x```) become plain code."""

from __future__ import annotations

import re
from typing import Any, Final

import griffe

ROLE: Final = re.compile(r":(?:func|class|meth|data|mod|attr|exc|obj):`~?([^`]+)`")
LITERAL: Final = re.compile(r"::$", re.MULTILINE)


class PlainRoles(griffe.Extension):
    """Runs over every object that has a docstring."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring in place."""
        if obj.docstring is not None:
            value = ROLE.sub(r"`\1`", obj.docstring.value)
            obj.docstring.value = LITERAL.sub(":", value).replace("``", "`")
