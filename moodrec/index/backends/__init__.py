"""The backends, which find candidates: one for each preset, all behind the protocol of ``base``."""
