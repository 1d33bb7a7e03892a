"""`make screenshots`: pictures of every page, as the demonstration shows them."""
