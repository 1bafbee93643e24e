"""The report of an experiment: paired differences with intervals, and the data, settings and machine behind them."""
