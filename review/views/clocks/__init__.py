"""The page of one clock."""
