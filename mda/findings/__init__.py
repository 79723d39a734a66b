"""What follows from a graph: what may be missing, diamonds, loops, shares."""
