"""The retrieval benchmark: do neighbours share the mood, and is a mood that is asked for reached?"""
