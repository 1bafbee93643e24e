"""The backend of presets with ``device = "cuda"``: FAISS and PyTorch on an NVIDIA GPU."""
