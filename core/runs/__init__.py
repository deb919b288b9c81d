"""A run: what it is, its directory, the loop that trains it, its plan and cost; the store and its worker processes."""
