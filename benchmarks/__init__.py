"""Measurements of moodrec, by what they measure: each is run as ``python -m benchmarks.FOLDER.NAME``."""
