"""Pages of reference that are written from the code, by `python -m tests.reference`."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from _pytest.config import get_config
from _pytest.fixtures import FixtureFunctionDefinition

from bedrock_authcheck import cassette_fixture, fixtures, machine_fixture, plugin
from bedrock_authcheck.spec.rules import RuleGroup, load_rules, rule_set

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from bedrock_authcheck.spec.rules import Rule, Source

DOCS: Final = Path(__file__).parents[1] / "docs"
_GROUPS: Final = {
    RuleGroup.CHAIN: "Order of the chain",
    RuleGroup.AUTH: "What a signed request looks like",
    RuleGroup.LIMIT: "Operations that do not accept API keys",
    RuleGroup.TOKEN: "The token itself",
    RuleGroup.PREFERENCE: "Choosing on purpose",
    RuleGroup.SAFE: "Keeping keys safe",
}
_FIXTURES: Final = (fixtures, machine_fixture, cassette_fixture)
_CLASSES: Final = (
    fixtures.BedrockCredentials,
    fixtures.BedrockEndpoint,
    cassette_fixture.BedrockCassette,
)
_FUNCTIONS: Final = ("bedrock_authcheck.services.steps", "bedrock_authcheck.strategies")
_WRITTEN: Final = "<!-- written by `python -m tests.reference`; a test holds it -->"


def rules() -> str:
    """Write the page of rules, from their data."""
    lines = [
        *("# Rules", "", _WRITTEN, "", f"Rule set `{rule_set()}`."),
        "MUST fails a run; SHOULD warns, and fails with `--authcheck-strict`; OBSERVE reports.",
        "Scope *wire*: decided by requests that a server received; *process*: needs sight of the",
        "client's process; *project*: decided by the files of the project under test.",
    ]
    for group, title in _GROUPS.items():
        held = [rule for rule in load_rules().values() if rule.group is group]
        lines += ["", f"## {title}", ""]
        for rule in held:
            lines += _rule(rule)
    return "\n".join(lines).rstrip() + "\n"


def _rule(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}"
    yield ""
    yield f"**{rule.level}**, {rule.scope}. {rule.statement}"
    yield ""
    yield f"Source: {'; '.join(map(_source, rule.sources))}."
    yield ""


def _source(source: Source) -> str:
    return f"[{source}]({source.url})" if source.url else str(source)


def reference() -> str:
    """Write the page of options, ini keys, markers, fixtures and public names."""
    return "\n".join([*_head(), *_options(), *_markers(), *_fixtures(), *_functions()]) + "\n"


def _head() -> Iterator[str]:
    yield from ("# Reference", "", _WRITTEN, "")
    yield "A file of results: [its schema](../bedrock_authcheck/report/results.schema.json)."
    yield "A program as a client: [the client contract](client-contract.md)."
    yield "What is held: [the rules](rules.md)."


def _options() -> Iterator[str]:
    parser = get_config()._parser
    plugin.pytest_addoption(parser)
    group = parser.getgroup("bedrock-authcheck")
    yield from ("", "## Options", "", "| flag | what it does |", "|---|---|")
    for option in group.options:
        told = option.attrs()
        value = f" {told['metavar']}" if told.get("metavar") else ""
        yield f"| `{' '.join(option.names())}{value}` | {_cell(told.get('help', ''))} |"
    yield from (
        "",
        "## Ini keys",
        "",
        "| key | kind | default | what it does |",
        "|---|---|---|---|",
    )
    for name, (text, kind, default) in parser._inidict.items():
        if "bedrock_auth" in name or name.startswith("authcheck_"):
            shown = f"`{default}`" if default not in (None, "", []) else ""
            yield f"| `{name}` | {kind or 'string'} | {shown} | {_cell(text)} |"


def _markers() -> Iterator[str]:
    yield from ("", "## Markers", "", "| marker | what it does |", "|---|---|")
    for marker in plugin._MARKERS:
        name, _, text = marker.partition(": ")
        yield f"| `{name}` | {_cell(text)} |"


def _fixtures() -> Iterator[str]:
    yield from ("", "## Fixtures", "")
    for module in _FIXTURES:
        for name, value in vars(module).items():
            if isinstance(value, FixtureFunctionDefinition) and not name.startswith("_"):
                yield f"- `{name}`: {_first(value)}"
    for one in _CLASSES:
        yield from ("", f"### {one.__name__}", "", inspect.getdoc(one) or "", "")
        for name, member in vars(one).items():
            if not name.startswith("_"):
                yield f"- {_signature(name, member)}: {_first(member)}"


def _functions() -> Iterator[str]:
    for name in _FUNCTIONS:
        module = import_module(name)
        yield from ("", f"## `{name}`", "", _first(module), "")
        for public in _public(module):
            member = getattr(module, public)
            yield f"- {_signature(public, member)}: {_first(member)}"


def _public(module: ModuleType) -> list[str]:
    named: list[str] | None = getattr(module, "__all__", None)
    return named or [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_"
    ]


def _signature(name: str, member: Any) -> str:  # noqa: ANN401 - whatever a class holds
    if not inspect.isfunction(member):
        return f"`{name}`"
    parameters = [
        one.replace(annotation=one.empty)
        for one in inspect.signature(member).parameters.values()
        if one.name != "self"
    ]
    return f"`{name}{inspect.Signature(parameters)}`"


def _first(member: object) -> str:
    return (inspect.getdoc(member) or "").partition("\n\n")[0].replace("\n", " ")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: Final = {"rules.md": rules, "reference.md": reference}

if __name__ == "__main__":
    for _name, _page in PAGES.items():
        (DOCS / _name).write_text(_page(), encoding="utf-8", newline="\n")
