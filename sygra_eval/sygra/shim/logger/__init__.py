"""The logger of tasks."""
