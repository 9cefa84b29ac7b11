"""A graph that lets a model judge and mend an answer, for a number of turns."""
