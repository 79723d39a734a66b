"""Writes traces and comparisons in the formats that the user asks for, to files or a terminal."""
