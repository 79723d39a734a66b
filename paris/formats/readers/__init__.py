"""Reads what other programs measured: a file for each format, and a row in `registry.py`."""
