"""The compiled search kernel: its C sources, their binding, and filters as the steps that they run."""
