"""Rules of the house that no linter knows, as tests over the repository's own files."""
