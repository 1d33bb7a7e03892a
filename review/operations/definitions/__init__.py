"""Drafts of definitions, and their deployment and migration by two persons."""
