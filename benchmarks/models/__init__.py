"""What the models cost and how good they are: speed, frozen trunks, candidates for the default model, copies."""
