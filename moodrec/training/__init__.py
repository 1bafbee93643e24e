"""Multi-task training turns a recipe into a model folder, and can be resumed at any moment."""

from moodrec.extras import require_torch

require_torch("training")
