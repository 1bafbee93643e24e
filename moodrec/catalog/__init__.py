"""Users work with a library through this package: they analyse music into it, index it, find a seed in it, export
it.
"""
