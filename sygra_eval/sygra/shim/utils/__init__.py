"""Constants and small functions that tasks use."""
