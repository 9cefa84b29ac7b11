"""Metrics of one answer, and of many."""
