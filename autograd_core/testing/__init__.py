"""Public tools for testing gradients."""
