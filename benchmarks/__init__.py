"""Benchmarks that print a ratio against a floor or a peer taken in the same run."""
