"""Making events. The kinds follow; their contract is `sources.source`."""
