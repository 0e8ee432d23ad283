"""Sources at work: each with its outlet into its broker, supervised, shown and steered."""
