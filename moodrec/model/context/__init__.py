"""The library context: how artist, album, genres and year of a track correct its mood scores."""
