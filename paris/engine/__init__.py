"""Probes in flight, in time: the loop, what is pending, and the pace."""
