"""The thing under test: told what to call, never what should happen."""
