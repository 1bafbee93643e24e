"""Milvus as the engine of a catalogue: a cluster, or its embedded form for small ones."""
