"""Objectives and alerts; the dashboard stands in overview."""
