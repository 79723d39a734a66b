"""A picture as an HTML page to explore: its text, its tables, its script and its style."""
