"""What happens to the objects of a Kubernetes API server: list, then watch, and never twice."""
