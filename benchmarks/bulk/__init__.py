"""What embedding a catalogue costs."""
