"""The network maps a waveform to a log-mel spectrogram, this to an embedding, and the embedding to moods and
metadata.
"""
