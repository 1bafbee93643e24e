"""``moodrec serve`` answers over HTTP: an API for programs and players, and the page."""
