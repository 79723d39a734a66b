"""Runs both commands, from the command line's arguments to the exit code."""
