"""Schemas that rows may be held to."""
