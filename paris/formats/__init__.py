"""Traces to and from files. The native format loses nothing; the others are for other programs."""
