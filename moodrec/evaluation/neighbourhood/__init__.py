"""The retrieval benchmark measures whether neighbours share the mood, and whether a mood target is reached."""
