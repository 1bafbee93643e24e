"""Metrics are plain functions over NumPy arrays; they need no other library."""
