"""`python -m paris`."""

from paris.cli import entry

entry()
