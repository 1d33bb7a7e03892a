"""Managers' figures: facts, percentiles, forecasts, signals, charts."""
