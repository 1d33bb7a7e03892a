"""Acts of people on instances and incidents, alone or many at once."""
