"""Machines made of nothing but what a test provides: isolation and the six levels."""
