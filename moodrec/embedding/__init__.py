"""Windows, waveforms and files are mapped to an embedding and mood scores, each by the step before it."""
