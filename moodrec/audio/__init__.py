"""This package turns a music file into a mono waveform and its tags; it needs neither torch nor FAISS."""
