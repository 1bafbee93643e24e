"""PostgreSQL with pgvector as the engine of a catalogue."""
