"""Sources and sinks as values."""
