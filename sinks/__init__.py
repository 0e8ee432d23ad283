"""Carrying events to one endpoint."""
