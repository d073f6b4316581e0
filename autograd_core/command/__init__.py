"""The command line: a demonstration, and pictures of formulas. It may import everything."""
