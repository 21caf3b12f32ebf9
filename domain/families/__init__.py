"""Job families, each a folder of its own; none imports another."""
