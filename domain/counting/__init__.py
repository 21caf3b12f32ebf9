"""Counting and measuring without guessing: what is told of it, and the rules that need no family."""
