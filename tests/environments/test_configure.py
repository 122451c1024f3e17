from __future__ import annotations

from configparser import RawConfigParser

from bedrock_authcheck.environments.environment import Environment
from bedrock_authcheck.environments.levels import CONFIG_FILE
from bedrock_authcheck.services.loop import BackgroundLoop


def _profile(environment: Environment) -> dict[str, str]:
    parser = RawConfigParser()
    parser.read(environment.home / CONFIG_FILE, encoding="utf-8")
    return dict(parser["default"])


def test_a_setting_stands_beside_the_keys_of_the_config_file() -> None:
    with BackgroundLoop() as loop, Environment(loop, None) as environment:
        environment.configure({"auth_scheme_preference": "sigv4,httpBearerAuth"})
        assert _profile(environment) == {"auth_scheme_preference": "sigv4,httpBearerAuth"}
    with BackgroundLoop() as loop, Environment(loop, None) as environment:
        environment.provide("config")
        keys = _profile(environment)
        environment.configure({"auth_scheme_preference": "sigv4"})
        assert _profile(environment) == {**keys, "auth_scheme_preference": "sigv4"}
