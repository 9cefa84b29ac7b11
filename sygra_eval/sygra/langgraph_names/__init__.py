"""Stands where tasks import `langgraph`, when that is not installed."""
