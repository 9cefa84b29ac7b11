"""What happens while it happens: runs that are started, steered, counted, and told of."""
