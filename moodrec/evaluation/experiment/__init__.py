"""Experiments: dataset x backbone x arm x seed x fold, each a run that is trained, scored and kept."""
