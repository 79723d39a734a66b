"""What follows from a graph: its certainty, diamonds, loops and shares."""
