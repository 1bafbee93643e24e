"""An experiment crosses datasets, backbones, arms, seeds and folds; each combination is a run, trained, scored and
kept.
"""
