"""The API key of an environment as `bedrock-authcheck key` tells it: all but the key."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.checks.key_in_use import TOKEN_VARIABLE, facts, format_faults
from bedrock_authcheck.checks.keys import KEY_CHECKS, KeySettings
from bedrock_authcheck.checks.trial import NothingToJudge, NotObservable
from bedrock_authcheck.wire.tokens import ApiKeyKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bedrock_authcheck.checks.key_in_use import KeyInUse

_ASK_AWS: Final = "not told by a short-term key: aws sts get-access-key-info, with its key id"
_TITLES: Final = ("kind", "account", "key_id", "region", "made", "expires", "fingerprint")


def key_document(seen: KeyInUse, now: datetime) -> dict[str, Any]:
    """Tell a key as JSON: where it is, its facts, and `findings`, each with its rule or None.

    Empty where there is no key. The rules are held as a project without settings holds them.
    """
    if seen.read is None:
        return {}
    findings = [{"rule": rule, "text": text} for rule, text in _findings(seen, now)]
    return {"variable": TOKEN_VARIABLE, **facts(seen), "findings": findings}


def _findings(seen: KeyInUse, now: datetime) -> Iterator[tuple[str | None, str]]:
    key = seen.read
    if key is not None and key.kind is not ApiKeyKind.SHORT_TERM:  # else they are SAFE-2's
        yield from ((None, text) for text in format_faults(key))
    for rule, check in KEY_CHECKS.items():
        try:
            problems = check(seen, KeySettings(), now)
        except (NothingToJudge, NotObservable):
            continue
        yield from ((rule, problem.observed) for problem in problems)


def key_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Write what `key_document` told for a terminal, a line for each thing."""
    shown = {title: document[title] for title in _TITLES}
    if document["kind"] == ApiKeyKind.SHORT_TERM:
        shown["account"] = _ASK_AWS
    if shown["key_id"] and document["temporary"]:
        shown["key_id"] += ", of temporary credentials"
    if shown["expires"] and document["lifetime"]:
        shown["expires"] += f", {timedelta(seconds=document['lifetime'])} after"
    shown["fingerprint"] = shown["fingerprint"] or "none: it is no whole API key"
    for title, value in shown.items():
        if value:
            yield f"{title.replace('_', ' '):<12} {value}"
    findings = document["findings"] or [{"rule": None, "text": "none"}]
    for finding in findings:
        rule = f"{finding['rule']}: " if finding["rule"] else ""
        yield f"{'findings':<12} {rule}{finding['text']}"
