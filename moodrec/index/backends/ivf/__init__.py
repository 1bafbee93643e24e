"""The ``ivf`` presets: posting lists around centroids, their stop rule, and what is known of each list."""
