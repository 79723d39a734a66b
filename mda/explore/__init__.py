"""What to probe next: procedures that find paths, and how they steer flows."""
