"""Everything that carries datagrams: see `base` for what a wire is."""
