"""The wire for thousands of probes per second. Imports numpy."""
