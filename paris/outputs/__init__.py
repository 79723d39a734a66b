"""What was asked for, written: traces and comparisons, to files or a terminal."""
