"""Milvus as the engine of a catalogue."""
