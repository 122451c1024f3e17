"""Writes docs/wrong-clients.md: `python -m tests.suite.wrong_clients > docs/wrong-clients.md`."""

import sys

from tests.suite.wrong_clients.table import table

if __name__ == "__main__":
    sys.stdout.write(table())
