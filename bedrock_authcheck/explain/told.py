"""An explanation as a terminal, a JSON reader and pytest's header have it; no secret in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.checks.key_in_use import told_time
from bedrock_authcheck.checks.wording import describe_origin
from bedrock_authcheck.explain.found import State
from bedrock_authcheck.model import CredentialSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_authcheck.explain.explanation import Explanation
    from bedrock_authcheck.explain.found import Found

_NOTHING: Final = "nothing: the call ends in an error before a request leaves (CHAIN-2)"
_TITLES: Final = {
    1: "bearer token",
    2: "service settings",
    3: "environment variables",
    4: "shared credentials file",
    5: "config file",
    6: "instance or container role",
}
_FROM_OUTSIDE: Final = {2: "only the code that makes a client knows (--keys-in-code supposes it)"}


def document(explanation: Explanation) -> dict[str, Any]:
    """Tell an explanation as JSON has it; times are ISO 8601, what is not known is None."""
    return {
        "service": explanation.asked.service,
        "operation": explanation.asked.operation or None,
        "takes_api_keys": explanation.asked.takes_api_key,
        "region": {"name": explanation.region, "from": explanation.region_from or None},
        "winner": _told(explanation.winner) if explanation.winner else None,
        "certain": explanation.certain,
        "rules": list(explanation.rules),
        "without_token": _told(explanation.without_token) if explanation.without_token else None,
        "shadowed": [str(one.origin) for one in explanation.shadowed],
        "found": [_told(one) for one in explanation.found],
        "cautions": [{"rule": rule or None, "text": text} for rule, text in explanation.cautions],
    }


def _told(found: Found) -> dict[str, Any]:
    return {
        "level": found.level,
        "source": str(found.origin),
        "scheme": str(found.scheme),
        "state": str(found.state),
        "place": found.place,
        "kind": found.kind or None,
        "key": found.key or None,
        "fingerprint": found.fingerprint,
        "account": found.account,
        "region": found.region,
        "expires": found.expires.isoformat() if found.expires else None,
        "note": found.note or None,
    }


def lines(explanation: Explanation) -> Iterator[str]:
    """Write an explanation for a terminal: the answer, then each of the six levels, then why."""
    asked, winner = explanation.asked, explanation.winner
    if winner is None:
        yield f"{asked}: {_NOTHING}"
    else:
        yield f"{asked}: signed with {winner.scheme} by {_signer(winner)}"
    region = (
        f"{explanation.region} ({explanation.region_from})" if explanation.region else "not set"
    )
    yield f"  {'region':<9} {region}"
    for level, title in _TITLES.items():
        of_level = [one for one in explanation.found if one.level == level]
        if not of_level:
            yield f"  level {level}   {title}: {_FROM_OUTSIDE.get(level, 'nothing')}"
        for one in of_level:
            yield f"  level {level}   {describe_origin(one.origin)[2:]}: {_line(one, explanation)}"
    yield f"  {'why':<9} {_why(explanation)}"
    if any(one.origin is CredentialSource.BEARER for one in explanation.found):
        yield f"  {'no token':<9} {_without_token(explanation)}"
    for rule, text in explanation.cautions:
        yield f"  {'caution':<9} {text}{f' ({rule})' if rule else ''}"


def header(explanation: Explanation) -> str:
    """Write one line: `bedrock-runtime.Converse here: bearer by level 1 bearer token (…); …`."""
    winner = explanation.winner
    if winner is None:
        return f"{explanation.asked} here: {_NOTHING}"
    text = f"{explanation.asked} here: {winner.scheme} by level {_signer(winner)}"
    if winner.level == 1:
        text += f"; without the token: {_short(explanation.without_token)}"
    elif explanation.shadowed:
        text += f"; shadowed: {', '.join(_short(one) for one in explanation.shadowed)}"
    return text


def _short(found: Found | None) -> str:
    return "nothing" if found is None else describe_origin(found.origin)


def _signer(found: Found) -> str:
    facts = [found.kind, found.key, f"expires {told_time(found.expires)}" if found.expires else ""]
    facts.append("if it is there" if found.state is State.NOT_ASKED else "")
    told = ", ".join(filter(None, facts))
    return f"{describe_origin(found.origin)} ({told})" if told else describe_origin(found.origin)


def _line(found: Found, explanation: Explanation) -> str:
    parts = [f"{_role(found, explanation)}  {found.place}", found.kind, found.key]
    parts.append(f"fingerprint {found.fingerprint}" if found.fingerprint else "")
    parts.append(f"account {found.account}" if found.account else "")
    parts.append(f"for {found.region}" if found.region else "")
    parts.append(f"expires {told_time(found.expires)}" if found.expires else "")
    parts.append(found.note)
    return ", ".join(filter(None, parts))


def _role(found: Found, explanation: Explanation) -> str:
    if found is explanation.winner:
        return "SIGNS" if explanation.certain else "SIGNS if there"
    if not found.state.counts:
        return str(found.state)
    if found.level == 1:
        return "not used: this operation takes no API key"
    return "shadowed" if found.state is State.PRESENT else "shadowed, if there"


def _why(explanation: Explanation) -> str:
    asked, winner = explanation.asked, explanation.winner
    rules = ", ".join(explanation.rules)
    if len(explanation.rules) > 1:
        rest = "nothing else is there" if winner is None else "the highest of the others signs"
        return f"{asked} takes no API key, so that the token does not count; {rest} ({rules})"
    if winner is None:
        return f"no level is there ({rules})"
    return f"level {winner.level} is the first that is there ({rules})"


def _without_token(explanation: Explanation) -> str:
    other = explanation.without_token
    if other is explanation.winner:
        return "changes nothing: it does not sign here"
    return _NOTHING if other is None else f"{_signer(other)} would sign with {other.scheme}"
