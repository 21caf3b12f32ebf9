"""What the product means: the standard library and msgspec, nothing of ours beneath it."""
