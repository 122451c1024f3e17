"""The HTML page of results."""
