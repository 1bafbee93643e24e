"""The rows of an index: vectors, the track table, track ids, and the checks of what comes in."""
