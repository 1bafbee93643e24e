"""Words typed into a search field become a search: a seed, moods, conditions and limits."""
