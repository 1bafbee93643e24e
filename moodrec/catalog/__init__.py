"""What users do with a library: analyse music into it, index it, find a seed in it, export it."""
