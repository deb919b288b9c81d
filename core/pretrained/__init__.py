"""GPT-2's published weights: the family's shapes, the Hub, conversion both ways, and the loader that all share."""
