"""Multipath detection: what to probe next, when to stop, and the graph that follows."""
