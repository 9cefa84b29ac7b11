"""Schemas that answers may be held to."""
