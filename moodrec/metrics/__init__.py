"""Figures of merit over arrays; NumPy only."""
