"""Pictures are drawn without a display and without matplotlib's global state."""
