"""The embedded stack: PostgreSQL and Valkey from wheels, and one supervisor of it all.

Nothing in this package imports Django's settings: it runs before they can be read.
"""
