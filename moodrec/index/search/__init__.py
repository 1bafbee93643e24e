"""One search: its options, the rows that pass, exact scores, the blend with a mood, and the choice of k."""
