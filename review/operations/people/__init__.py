"""People, their roles and limits, when they are there, who stands in."""
