"""Instances and incidents: lists, pages, acts."""
