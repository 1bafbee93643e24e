"""The ladder from windows to waveform to file, ending in an embedding and mood scores."""
