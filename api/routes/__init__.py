"""One file per resource: decode, authorise, call one use case, encode."""
