"""The dashboard of managers: rows to act on, panels of figures, the tasks behind them."""
