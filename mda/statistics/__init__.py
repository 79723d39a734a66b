"""Probabilities, intervals and tests, over plain numbers."""
