"""Models as sinks: an event's data becomes tensors, the prediction becomes a reply event."""
