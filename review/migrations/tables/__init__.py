"""The first tables, by noun; 0001_tables puts them in order."""
