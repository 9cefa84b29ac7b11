"""State, messages, functions and post-processors of graphs."""
