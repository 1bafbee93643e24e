"""Recommendations: similar tracks for a seed, lists of tracks by mood, and playlists of them."""
