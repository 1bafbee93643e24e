"""The default model's card, written from stored predictions."""
