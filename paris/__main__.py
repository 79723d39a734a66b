"""Runs the command for `python -m paris`."""

from paris.cli.start import trace

trace()
