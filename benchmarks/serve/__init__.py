"""How fast ``moodrec serve`` answers, and whether anything that is sent breaks it."""
