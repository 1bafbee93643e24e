"""Catalogues in engines for more than one machine: the same filters, blends and rankings on existing servers."""
