"""What people are told: decided, written down, sent, forgotten."""
