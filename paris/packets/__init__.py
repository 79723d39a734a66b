"""Turns probe requests into bytes and bytes into replies: flows, tags, probes and replies."""
