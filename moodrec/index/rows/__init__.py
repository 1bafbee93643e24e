"""The rows of an index: their vectors, their track table, their ids, and the checks of what users hand over."""
