"""How far one machine goes: building, opening, searching and changing an index of up to ten million tracks."""
