"""Managers' figures: rollups, objectives, alerts, mails of them."""
