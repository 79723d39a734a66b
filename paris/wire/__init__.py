"""The wires, which carry datagrams: see `base` for their interface."""
