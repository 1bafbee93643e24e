"""A library is the database of a music collection: files, their outcomes, tracks, embeddings and moods."""
