"""Which flow got a reply from which vertex: hops, tables of flows, and the graph they make."""
