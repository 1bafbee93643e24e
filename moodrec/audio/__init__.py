"""From a music file to a mono waveform and its tags; needs neither torch nor faiss."""
