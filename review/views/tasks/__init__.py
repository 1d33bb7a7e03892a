"""Reviewers' pages: queues, one task, the verdict form, what comes next."""
