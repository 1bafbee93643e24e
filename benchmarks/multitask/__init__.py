"""The results pages of experiments on learning and using metadata."""
