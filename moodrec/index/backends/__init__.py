"""What finds candidates: one backend a preset, behind the protocol of ``base``."""
