"""The backend of the ``ivf`` presets: inverted lists, their stop rule, and tables of what each list holds."""
