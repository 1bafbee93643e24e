"""``moodrec demo`` analyses real music, runs some searches on it, and draws a picture."""
