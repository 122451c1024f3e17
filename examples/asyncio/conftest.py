"""aiobotocore has no default session that keys in code could be put into."""

import pytest


@pytest.fixture(autouse=True)
def _found_by_itself(request: pytest.FixtureRequest) -> None:
    if "bedrock_level" in request.fixturenames and "settings" in request.node.name:
        pytest.skip("keys in code are passed by the code that makes the client")
