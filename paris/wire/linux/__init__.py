"""Linux features for the wires: socket options, filters, time stamps, counters."""
