"""What Linux offers beside plain sockets, for the wires that use them."""
