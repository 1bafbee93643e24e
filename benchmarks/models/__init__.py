"""How models are compared: frozen trunks, candidates for the default model, and what copies do to them."""
