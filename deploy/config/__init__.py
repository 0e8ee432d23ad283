"""Reads the YAML of operators into specs: all mistakes at once, each with file, line and remedy."""
