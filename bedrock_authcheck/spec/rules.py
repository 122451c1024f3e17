"""The rules that a client is held to, read from rules.toml beside this file."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from bedrock_authcheck.model import RuleLevel, RuleScope

if TYPE_CHECKING:
    from collections.abc import Mapping

_Choice = TypeVar("_Choice", bound=StrEnum)

_RULE_ID = re.compile(r"([A-Z]+)-([1-9][0-9]*)")
_ISSUE = re.compile(r"([\w.-]+/[\w.-]+)#([1-9][0-9]*)")
_RULE_KEYS = {"level", "scope", "statement", "sources"}
_SOURCE_KINDS = ("document", "issue", "rule")


class RuleDataError(ValueError):
    """The rules as data are malformed; the text names the rule, the key and what would be right."""


class RuleGroup(StrEnum):
    """What a rule is about, in the order in which reports show the groups."""

    CHAIN = "chain"
    AUTH = "auth"
    LIMIT = "limit"
    TOKEN = "token"  # noqa: S105 - the name of a group, not a secret
    PREFERENCE = "preference"
    SAFE = "safe"


_GROUPS = {
    "CHAIN": RuleGroup.CHAIN,
    "AUTH": RuleGroup.AUTH,
    "LIMIT": RuleGroup.LIMIT,
    "TOKEN": RuleGroup.TOKEN,
    "PREF": RuleGroup.PREFERENCE,
    "SAFE": RuleGroup.SAFE,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from: a document and its section, an issue, or another rule.

    `section` is empty where the whole document is meant. `url` is None where nothing public
    can be opened.
    """

    title: str
    section: str
    url: str | None
    read: dt.date

    def __str__(self) -> str:
        """Title and section as a report prints them."""
        return f"{self.title}, {self.section}" if self.section else self.title


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: how strongly it holds, what decides it, what it demands and who says so."""

    id: str
    group: RuleGroup
    level: RuleLevel
    scope: RuleScope
    statement: str
    sources: tuple[Source, ...]


@cache
def load_rules() -> Mapping[str, Rule]:
    """All rules by id, in natural order; read-only.

    Raises RuleDataError for malformed data.
    """
    return MappingProxyType(parse_rules(_packaged()))


@cache
def rule_set() -> str:
    """Name the rule set for a report's header: its version and a digest of what it says.

    The digest is of the data, not of the file: comments and line ends do not change it.
    """
    data = tomllib.loads(_packaged())
    canonical = json.dumps(data, sort_keys=True, default=str).encode()
    return f"{data['version']}+{hashlib.sha256(canonical).hexdigest()[:12]}"


def rule_order(rule_id: str) -> tuple[int, int]:
    """Sort key of a rule id: groups as reports show them, then by number (2 before 10).

    Raises RuleDataError for what is no rule id.
    """
    match = _RULE_ID.fullmatch(rule_id)
    if match is None or match[1] not in _GROUPS:
        right = ", ".join(f"{prefix}-<number>" for prefix in _GROUPS)
        raise RuleDataError(f"{rule_id!r} is no rule id: expected one of {right}")
    return list(_GROUPS).index(match[1]), int(match[2])


def parse_rules(text: str) -> dict[str, Rule]:
    """Parse rules from TOML, in natural order.

    Raises RuleDataError, naming the rule and the key.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleDataError(f"the rules are not valid TOML: {error}") from error
    rules: dict[str, Any] = data.get("rules", {})
    if not rules:
        raise RuleDataError("there are no rules: expected tables such as [rules.CHAIN-1]")
    return {
        rule_id: _rule(rule_id, rules[rule_id], data) for rule_id in sorted(rules, key=rule_order)
    }


def _packaged() -> str:
    return (files(__package__) / "rules.toml").read_text(encoding="utf-8")


def _rule(rule_id: str, entry: dict[str, Any], data: dict[str, Any]) -> Rule:
    if entry.keys() != _RULE_KEYS:
        wrong = ", ".join(sorted(entry.keys() ^ _RULE_KEYS))
        right = ", ".join(sorted(_RULE_KEYS))
        raise RuleDataError(f"{rule_id}: missing or unknown: {wrong}; expected exactly {right}")
    statement, sources = entry["statement"], entry["sources"]
    if not isinstance(statement, str) or not statement.endswith("."):
        raise RuleDataError(f"{rule_id}: statement must be a sentence that ends in a full stop")
    if not isinstance(sources, list):
        raise RuleDataError(f"{rule_id}: sources must be a list of tables")
    level = _choice(rule_id, "level", entry["level"], RuleLevel)
    if not sources and level is not RuleLevel.OBSERVE:
        raise RuleDataError(f"{rule_id}: sources may be empty only for level OBSERVE")
    return Rule(
        id=rule_id,
        group=_GROUPS[rule_id.partition("-")[0]],
        level=level,
        scope=_choice(rule_id, "scope", entry["scope"], RuleScope),
        statement=statement,
        sources=tuple(_source(rule_id, source, data) for source in sources),
    )


def _choice(rule_id: str, key: str, value: str, kind: type[_Choice]) -> _Choice:
    try:
        return kind(value)
    except ValueError:
        right = ", ".join(kind)
        raise RuleDataError(f"{rule_id}: {key} is {value!r}, expected one of {right}") from None


def _source(rule_id: str, entry: dict[str, Any], data: dict[str, Any]) -> Source:
    kinds = [kind for kind in _SOURCE_KINDS if kind in entry]
    if len(kinds) != 1:
        right = ", ".join(_SOURCE_KINDS)
        raise RuleDataError(f"{rule_id}: a source has exactly one of {right}, not {entry!r}")
    kind = kinds[0]
    name = entry[kind]
    documents = data.get("documents", {})
    read = entry.get("read", data.get("read"))
    title, section, url = f"follows from {name}", "", None
    if kind == "document":
        if name not in documents:
            right = ", ".join(documents)
            raise RuleDataError(f"{rule_id}: no document {name!r}; there are {right}")
        document = documents[name]
        if not {"title", "url"} <= document.keys():
            raise RuleDataError(f"{rule_id}: document {name!r} needs a title and a url")
        title, section, url = document["title"], entry.get("section", ""), document["url"]
        read = entry.get("read", document.get("read", read))
    elif kind == "issue":
        match = _ISSUE.fullmatch(name)
        if match is None:
            raise RuleDataError(f"{rule_id}: issue is {name!r}, expected owner/name#number")
        title, url = name, f"https://github.com/{match[1]}/issues/{match[2]}"
    elif name not in data["rules"]:
        raise RuleDataError(f"{rule_id}: follows from {name!r}, which is no rule of this set")
    if not isinstance(read, dt.date):
        raise RuleDataError(f"{rule_id}: read is {read!r}, expected a date such as 2026-11-23")
    return Source(title=title, section=section, url=url, read=read)
