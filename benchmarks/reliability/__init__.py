"""Damaged files, interruptions and damaged indexes by the thousand."""
