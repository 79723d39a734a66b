"""Runs the command for `python -m paris`."""

from paris.cli.trace import entry

entry()
