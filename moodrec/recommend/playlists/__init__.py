"""Playlists: tracks in an order that means something, with room between tracks of one artist."""
