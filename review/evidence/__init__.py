"""Evidence bundles: what an outsider needs to check a case without trusting us."""
