"""Scripts on learning and using metadata."""
