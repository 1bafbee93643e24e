"""Predictions and embeddings are evaluated here, with confidence intervals."""
