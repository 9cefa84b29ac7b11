"""Transforms of rows and generators of output."""
