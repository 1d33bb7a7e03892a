"""The definitions desk: drafts, the modeler, differences, changes."""
