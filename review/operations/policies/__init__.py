"""Policies of queues and calendars: proposed, previewed by replay, in force."""
