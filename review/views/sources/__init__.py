"""The left side of a task: what a payload brings to look at, one module per kind."""
