"""Templates as text files, and their small loader."""
