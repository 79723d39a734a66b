"""Both commands, from the words of the command line to the exit code."""
