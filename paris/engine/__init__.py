"""Sends a procedure's probes in time and matches replies: loop, queue, pacing, pending probes."""
