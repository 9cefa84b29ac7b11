"""Metrics of many results."""
