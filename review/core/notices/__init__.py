"""Who is told of what and when, what it says, and sending again."""
