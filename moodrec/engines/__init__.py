"""Catalogues in engines for more than one machine: the same filters, blends and rankings on existing servers."""

from typing import Final

PASSWORD_VARIABLE: Final = "MOODREC_INDEX_PASSWORD"
"""The variable of the environment that holds the password of an engine's user."""
