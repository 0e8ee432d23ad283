"""Everything an operator touches: configuration, command line, listeners, signals."""
