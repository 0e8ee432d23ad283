"""Filter, fan out, decide: the work that deliveries start."""
