"""Catalogues in other engines: recall and time under filters, and what a build takes."""
