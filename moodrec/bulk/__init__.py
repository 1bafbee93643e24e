"""Catalogues of any size: a table of audio files becomes a folder of Parquet files with embeddings and moods."""
