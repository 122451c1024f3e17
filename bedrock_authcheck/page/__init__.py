"""The HTML page of results: one file that is read without scripts, and filtered with them."""
