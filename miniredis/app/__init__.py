"""twistd Options, the service tree, entry points: the one place that wires."""
