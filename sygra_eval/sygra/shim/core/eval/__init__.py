"""Evaluation: metrics by name."""
