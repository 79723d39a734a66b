"""Traces and comparisons as text."""
