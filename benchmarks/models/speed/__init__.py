"""How fast models learn, and how fast music is analysed."""
