"""The results page of the multi-task experiments."""
