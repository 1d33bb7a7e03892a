"""People's pages, their own settings, and what they were told."""
