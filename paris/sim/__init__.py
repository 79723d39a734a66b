"""Simulates networks within a process: topologies from YAML, real bytes in and out, no socket."""
