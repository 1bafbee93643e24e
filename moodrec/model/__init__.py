"""The network: waveform to log-mel, log-mel to embedding, embedding to moods and metadata."""
