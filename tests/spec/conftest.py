from __future__ import annotations

import pytest

from bedrock_authcheck.spec.catalogue import Catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()
