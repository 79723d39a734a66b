"""Requests to bytes and back: flows, tags, probes and replies."""
