"""The profiles of a machine: its credentials file and its config file, as botocore reads them.

Sources: AWS SDKs and Tools reference guide, "Shared config and credentials files"; botocore's
configloader, as behaviour to be observed. Nothing of what a file holds is in a text of here.
"""

from __future__ import annotations

import re
import shlex
from configparser import Error as IniError
from configparser import RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARED_FILE: Final = "~/.aws/credentials"
CONFIG_FILE: Final = "~/.aws/config"
_LARGEST: Final = 1024**2  # bytes; files of credentials are a thousand times smaller
_NAMED: Final = {SHARED_FILE: "AWS_SHARED_CREDENTIALS_FILE", CONFIG_FILE: "AWS_CONFIG_FILE"}
_PROFILE_VARIABLES: Final = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in botocore's order
_TELLABLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@ -]{0,31}")
_KEY_LIKE: Final = re.compile(r"A[KS]IA|ABSK|bedrock-api-key")
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_DEFAULT: Final = "default"

Section = dict[str, str]


@dataclass(frozen=True, slots=True)
class IniFile:
    """One file: where it is found, its sections by kind and name, or what is wrong with it."""

    place: str
    profiles: Mapping[str, Section] = field(default_factory=dict, repr=False)
    sessions: Mapping[str, Section] = field(default_factory=dict, repr=False)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Profiles:
    """Both files and the profile that is asked for; `variable` names it, if one does."""

    shared: IniFile
    config: IniFile
    name: str = field(default=_DEFAULT, repr=False)
    variable: str = ""

    @property
    def title(self) -> str:
        """The profile as it may be told: what has not the form of a name may be a key."""
        return told_name(self.name)

    @property
    def missing(self) -> bool:
        """Whether a variable names a profile that is in neither file."""
        known = {*self.shared.profiles, *self.config.profiles}
        return bool(self.variable) and self.name not in known

    def merged(self, name: str | None = None) -> Section:
        """Return the settings of a profile, those of the credentials file before the config's."""
        name = self.name if name is None else name
        return {**self.config.profiles.get(name, {}), **self.shared.profiles.get(name, {})}

    def place_of(self, setting: str) -> str:
        """Say in which file, and profile, a setting of the profile stands."""
        in_shared = setting in self.shared.profiles.get(self.name, {})
        file = self.shared if in_shared else self.config
        section = self.title if in_shared or self.name == _DEFAULT else f"profile {self.title}"
        return f"{file.place} [{section}]"


def read_profiles(environ: Mapping[str, str], home: Path) -> Profiles:
    """Read both files of a machine. Never raises: what is wrong with a file is its `fault`."""
    variable = next((name for name in _PROFILE_VARIABLES if environ.get(name)), "")
    return Profiles(
        _read(SHARED_FILE, environ, home),
        _read(CONFIG_FILE, environ, home),
        environ[variable] if variable else _DEFAULT,
        variable,
    )


def told_name(name: str) -> str:
    """Tell a name of a profile or a role, where it has the form of one and not of a key."""
    harmless = _TELLABLE.fullmatch(name) and not _KEY_LIKE.match(name)
    return name if harmless else "a name that is not told"


def path_of(text: str, environ: Mapping[str, str], home: Path) -> Path:
    """Find a file as SDKs do: `~` is the home, and variables in its name are replaced."""
    text = _VARIABLE.sub(lambda found: environ.get(found[1] or found[2], found[0]), text)
    if text == "~" or text.startswith(("~/", "~\\")):
        return home / text[2:]
    return Path(text)


def _read(usual: str, environ: Mapping[str, str], home: Path) -> IniFile:
    variable = _NAMED[usual]
    path = path_of(environ.get(variable) or usual, environ, home)
    elsewhere = path != path_of(usual, environ, home)
    place = f"the file of {variable}" if elsewhere else usual
    try:
        if not path.exists():
            return IniFile(place, fault=f"{variable} names no file" if elsewhere else "")
        if not path.is_file():  # SDKs pass over it, as over a file that is missing
            return IniFile(place, fault="it is no file")
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            return IniFile(place, fault=f"it is larger than {_LARGEST // 1024} KiB")
        return _parsed(place, data.decode("utf-8"), prefixed=usual == CONFIG_FILE)
    except UnicodeDecodeError:
        return IniFile(place, fault="it is not UTF-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return IniFile(place, fault=f"it cannot be read ({reason})")


def _parsed(place: str, text: str, *, prefixed: bool) -> IniFile:
    parser = RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except IniError as error:
        return IniFile(place, fault=f"it is malformed{_line_of(error)}")
    profiles: dict[str, Section] = {}
    sessions: dict[str, Section] = {}
    for title in parser.sections():
        values = {name: value or "" for name, value in parser.items(title)}
        kind, name = _kind_and_name(title) if prefixed else ("profile", title)
        if kind == "profile":
            profiles.setdefault(name, {}).update(values)
        elif kind == "sso-session":
            sessions.setdefault(name, {}).update(values)
    return IniFile(place, profiles, sessions)


def _line_of(error: IniError) -> str:
    """Say where, if the parser knows; never what stands there."""
    line = getattr(error, "lineno", None)
    if line is None:
        line = next((number for number, _ in getattr(error, "errors", ())), None)
    return "" if line is None else f", at line {line}"


def _kind_and_name(title: str) -> tuple[str, str]:
    try:
        parts = shlex.split(title)
    except ValueError:
        return "", title
    if parts == [_DEFAULT]:
        return "profile", _DEFAULT
    return (parts[0], parts[1]) if len(parts) == 2 else ("", title)  # noqa: PLR2004 - kind, name
