"""What the models cost and how good they are."""
