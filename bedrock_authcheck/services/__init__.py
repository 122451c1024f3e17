"""What a client talks to, on loopback: simulations that observe every exchange whole."""
