"""Traces: an event's way from ingress over each attempt to its replies, as OpenTelemetry spans."""
