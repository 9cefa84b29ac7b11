"""A graph that makes an instruction harder, or finds another of its kind."""
