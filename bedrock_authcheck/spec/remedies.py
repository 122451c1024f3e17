"""Remedies: what a broken rule is told of the releases of the client that keep it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from packaging.specifiers import SpecifierSet

from bedrock_authcheck.spec.deviations import KIN, explained

_FILE: Final = "remedies.toml"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Rules that a client breaks in a range of versions, and what its other releases do.

    `observed` are patterns of what a verdict says was seen, `*` standing for any run of
    characters: a rule that is broken in another way is not helped by another release.
    """

    rules: tuple[str, ...]
    client: str
    versions: str
    observed: tuple[str, ...]
    text: str
    link: str

    def helps(self, rule: str, observed: str) -> bool:
        """Whether what was seen of a broken rule is what other releases do not do."""
        return rule in self.rules and explained(observed, self.observed)


@cache
def load_remedies() -> tuple[Remedy, ...]:
    """Load the entries that ship with the package."""
    text = (files(__package__) / _FILE).read_text(encoding="utf-8")
    return tuple(
        Remedy(
            tuple(entry["rules"]),
            entry["client"],
            entry["versions"],
            tuple(entry["observed"]),
            entry["text"],
            entry["link"],
        )
        for entry in tomllib.loads(text)["remedy"]
    )


def remedies_of(client: str, version: str) -> tuple[Remedy, ...]:
    """Find what is known of a client in one version."""
    return tuple(
        remedy
        for remedy in load_remedies()
        if remedy.client in (client, KIN.get(client))
        and SpecifierSet(remedy.versions).contains(version, prereleases=True)
    )
