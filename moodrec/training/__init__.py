"""Multi-task training: a recipe in, a model folder out, resumable at any moment."""
