"""``moodrec demo``: real music in, a few questions asked of it, a picture out."""
