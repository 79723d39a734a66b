"""What to ask next: procedures that find paths, and how they steer flows."""
