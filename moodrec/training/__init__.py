"""Multi-task training turns a recipe into a model folder, and can be resumed at any moment."""
