"""What the oversight pages and the frame around every page read. Nothing here writes."""
