"""Other ways to train the default model, compared on inner folds."""
