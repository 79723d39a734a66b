"""Questions beyond the graph: balancers, paths, and what a traceroute infers."""
