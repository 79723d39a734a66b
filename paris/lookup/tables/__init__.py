"""Reads tables of networks from files of this machine: by prefix, and names by AS number."""
