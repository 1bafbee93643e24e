"""Neighbours and moods against human labels, and tracks that nobody has played."""
