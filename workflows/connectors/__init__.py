"""Outside systems. Every call to one goes through `egress`; there is no other way out."""
