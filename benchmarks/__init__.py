"""Measurements: ratios against a named baseline taken in the same run. `make bench` writes RESULTS.md."""
