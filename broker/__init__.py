"""Accepting and keeping events. Knows no sink kind and no filter dialect."""
