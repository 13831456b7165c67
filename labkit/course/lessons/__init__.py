"""One file a notebook: what its records compute, and the checks of its exercises."""
