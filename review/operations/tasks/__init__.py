"""Tasks from their opening to their end: lanes, claims, seats, drafts, notes."""
