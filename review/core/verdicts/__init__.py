"""What verdicts make of a task, who counts, what proves it, who sees what."""
