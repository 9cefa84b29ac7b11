"""Base classes of conditions, processors and lambdas."""
