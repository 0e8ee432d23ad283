"""A source that makes an event at each slot of a schedule."""
