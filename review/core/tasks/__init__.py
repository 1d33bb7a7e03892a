"""Which task is whose and which is next, who may not have it, what may be changed."""
