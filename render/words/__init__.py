"""What text and pictures say, in words and numbers for people."""
