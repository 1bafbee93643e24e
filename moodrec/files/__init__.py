"""Files are written whole, and what goes wrong with them is told in a sentence."""
