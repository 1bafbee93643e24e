"""Experiments: how good predictions and embeddings are, with intervals."""
