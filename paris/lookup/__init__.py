"""What others know of an address: names, and the way that leads there."""
