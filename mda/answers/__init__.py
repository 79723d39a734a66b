"""What was answered where: hops, tables of flows, and the graph they make."""
