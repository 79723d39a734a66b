"""Writes and reads traces as files. Native JSON holds everything; other formats are exports."""
