"""The admin listener: what came in, how far each trigger is, what failed and why."""
