"""The compiled search: C sources, their binding, and filters as the steps that they run."""
