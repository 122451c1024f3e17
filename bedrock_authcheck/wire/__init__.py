"""Pure functions over bytes: what a request proves. Nothing in here reads or writes."""
