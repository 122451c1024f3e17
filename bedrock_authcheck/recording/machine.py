"""Secrets that a machine shows: its variables, the files of AWS SDKs and their caches.

Files are read line by line, not by a parser of INI or JSON: one that is malformed shows its
secrets as well, and a client may be more lenient than a parser. Sources: AWS SDKs and Tools
reference guide, "Shared config and credentials files"; botocore's credential providers.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bedrock_authcheck.recording.accounts import accounts_in
from bedrock_authcheck.recording.json_text import json_strings
from bedrock_authcheck.recording.secret_names import SECRET_NAMES, normal_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_authcheck.recording.in_play import InPlay

_LARGEST: Final = 1024**2  # bytes; files of credentials are a thousand times smaller
_BEARER: Final = "AWS_BEARER_TOKEN_"
_API_KEYS: Final = ("_API_KEY", "_AUTH_TOKEN", "_ACCESS_TOKEN")
_NAMES: Final = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",  # its old name, which botocore still reads
)
_TOKEN_FILES: Final = {
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "authorization token of container",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "web identity token",
}
_LINE: Final = re.compile(r"^[ \t]*([A-Za-z0-9_.-]+)[ \t]*[=:][ \t]*([^\s][^\r\n]*)", re.MULTILINE)
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_CACHES: Final = {"sso": "sso", "cli": "role", "boto": "role", "login": "login"}


def read_machine(in_play: InPlay, environ: Mapping[str, str], home: Path) -> None:
    """Add what a machine shows, highest level first; what cannot be read is told as `unread`."""
    _Machine(in_play, environ, home).read()


class _Machine:
    def __init__(self, in_play: InPlay, environ: Mapping[str, str], home: Path) -> None:
        self._in_play = in_play
        self._environ = environ
        self._home = home

    def read(self) -> None:
        self._read_variables()
        named = {"shared": "AWS_SHARED_CREDENTIALS_FILE", "config": "AWS_CONFIG_FILE"}
        usual = {"shared": ".aws/credentials", "config": ".aws/config"}
        for level, variable in named.items():
            self._read_lines(self._path(variable, usual[level]), level)
        self._read_lines(self._path("BOTO_CONFIG", ".boto"), "config")
        for variable, what in _TOKEN_FILES.items():
            if self._environ.get(variable):
                self._in_play.add_secret(self._text(self._path(variable, "")) or "", what)
        self._read_caches()

    def _read_variables(self) -> None:
        environ = self._environ
        for name, value in environ.items():
            upper = name.upper()
            if upper.startswith(_BEARER):
                service = upper.removeprefix(_BEARER)
                level = "bearer" if service == "BEDROCK" else upper
                self._in_play.add_secret(value, f"token of {level}")
        self._add("environment", {name: environ.get(name.upper(), "") for name in _NAMES})
        self._in_play.add_account(environ.get("AWS_ACCOUNT_ID", ""))
        authorization = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        self._in_play.add_secret(authorization, "authorization token of container")
        for name, value in environ.items():
            if name.upper().endswith(_API_KEYS):
                self._in_play.add_secret(value, f"token of {name}")

    def _add(self, level: str, found: Mapping[str, str]) -> None:
        for name, value in found.items():
            if name == "aws_access_key_id":
                self._in_play.add_key_id(value, level)
            elif what := SECRET_NAMES.get(normal_name(name)):
                self._in_play.add_secret(value, f"{what} of {level}")

    def _read_lines(self, path: Path, level: str) -> None:
        text = self._text(path)
        if text is None:
            return
        for name, value in _LINE.findall(text):
            self._add(level, {name.lower(): value.strip()})
            if normal_name(name) in {"ssoaccountid", "awsaccountid"}:
                self._in_play.add_account(value.strip())
        for account in accounts_in(text):
            self._in_play.add_account(account)

    def _read_caches(self) -> None:
        for path, level in self._cached():
            text = self._text(path)
            if text is None:
                continue
            try:
                json.loads(text)
            except (ValueError, RecursionError):
                self._unread(path, "it is no whole JSON")
            for name, value in json_strings(text):
                if normal_name(name) == "accesskeyid":
                    self._in_play.add_key_id(value, level)
                elif what := SECRET_NAMES.get(normal_name(name)):
                    self._in_play.add_secret(value, f"{what} of {level}")

    def _cached(self) -> Iterator[tuple[Path, str]]:
        folders = [(self._home / ".aws" / name / "cache", level) for name, level in _CACHES.items()]
        if self._environ.get("AWS_LOGIN_CACHE_DIRECTORY"):
            folders.append((self._path("AWS_LOGIN_CACHE_DIRECTORY", ""), "login"))
        for folder, level in folders:
            try:
                paths = sorted(folder.glob("*.json"))
            except OSError as error:
                self._unread(folder, error.strerror or "unknown error")
                continue
            yield from ((path, level) for path in paths)

    def _path(self, variable: str, usual: str) -> Path:
        """Find a file as SDKs do: `~` is the home, and variables in its name are replaced."""
        given = self._environ.get(variable)
        if not given:
            return self._home / usual
        text = _VARIABLE.sub(lambda v: self._environ.get(v[1] or v[2], v[0]), given)
        if text == "~" or text.startswith(("~/", "~\\")):
            return self._home / text[2:]
        return Path(text)

    def _text(self, path: Path) -> str | None:
        """Read a file; None where it is missing, or unreadable, which is told."""
        try:
            if path.is_char_device():  # as BOTO_CONFIG is set to /dev/null
                return None
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._unread(path, getattr(error, "strerror", None) or str(error))
            return None
        if len(data) > _LARGEST:
            self._unread(path, f"it is larger than {_LARGEST // 1024} KiB")
            return None
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16", "replace")
        return data.decode("utf-8-sig", "surrogateescape")

    def _unread(self, path: Path, reason: str) -> None:
        self._in_play.add_unread(
            f"{self._shown(path)} could not be read ({reason}): a secret in it would not be known"
        )

    def _shown(self, path: Path) -> str:
        try:
            return f"~/{path.relative_to(self._home).as_posix()}"
        except ValueError:
            return str(path)
