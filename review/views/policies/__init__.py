"""The policies desk: what is in force, its history, its editor, its preview."""
