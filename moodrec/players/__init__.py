"""Music players beside moodrec: their songs, which of ours each of them is, and playlists written into them."""
