"""What changes a packet on the way, and what shows it; `registry.py` has a row for each rule."""
