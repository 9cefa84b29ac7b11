"""Graphs to be used inside others."""
