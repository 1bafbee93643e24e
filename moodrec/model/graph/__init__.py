"""A network as an ONNX graph, from the samples of windows to embeddings and logits, which runs without PyTorch."""
