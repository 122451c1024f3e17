"""One model of a result; the terminal, JSON Lines and whatever follows are rendered from it."""
