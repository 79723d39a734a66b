"""Probabilities, intervals and tests, of numbers alone."""
