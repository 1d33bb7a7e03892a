"""Due moments, stretches of time, and what late work sets off."""
