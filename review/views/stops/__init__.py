"""The stop button's pages, and what other pages tell of stops."""
