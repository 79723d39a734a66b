"""A network in a process: topologies from YAML, real bytes in, real bytes out, no socket."""
