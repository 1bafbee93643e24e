"""moodrec's vectors in other recommender libraries: LensKit, implicit, RecBole, Cornac, LightFM."""
