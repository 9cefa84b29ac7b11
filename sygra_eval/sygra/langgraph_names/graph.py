"""The names of the two ends of a graph."""

START = "__start__"
END = "__end__"
