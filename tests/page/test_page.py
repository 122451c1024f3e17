"""The page as text: what it tells, what it weighs, and that nothing in it is markup of others."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.model import Outcome
from bedrock_authcheck.page.render import PageError, render, visible
from bedrock_authcheck.page.story import story_of
from tests.page.conftest import report, request, result

if TYPE_CHECKING:
    from bedrock_authcheck.report.jsonl import Report

pytest.importorskip("jinja2", reason="Jinja is not installed (the extra `html`)")

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"' onmouseover=alert(3) "
    "</pre></details><style>*{display:none}</style>{{ 7*7 }}{% raw %} javascript:alert(4) "
    "\u202egnp.\x1b[31m\ud800\x00"
)


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_it_says_the_verdict_the_rules_and_the_evidence(chain: Report) -> None:
    page = render([chain])
    assert '<h1 class="bad">2 scenarios of 9 failed</h1>' in page
    assert 'id="rule-CHAIN-1"' in page
    assert 'href="#chain::environment-converse"' in page
    for line in (
        "CHAIN-1 failed: Converse",
        "  expected  bearer",
        "  observed  sigv4",
        "  present   3 environment variables",
        "  request   bedrock-runtime  POST /model/m/converse  (HTTP/1.1, TLSv1.3) → 200",
        "            Authorization: Bearer bedrock-api-key-&lt;bearer-token&gt;",
        "  client    Error: denied",
        "  again     pytest --bedrock-authcheck bedrock-authcheck::chain::environment-converse",
    ):
        assert line in page
    assert "Using Bearer Tokens with AWS Bedrock" in page


def test_a_run_without_failures_is_green_and_an_empty_one_is_not() -> None:
    assert '<h1 class="good">1 scenario, no unforeseen failure</h1>' in render([report(result())])
    assert 'class="good"' not in render([report()])


def test_levels_are_laid_out_by_operation(chain: Report) -> None:
    (matrix,) = story_of([chain]).matrices
    assert matrix.columns == ("bedrock-runtime Converse", "bedrock-runtime InvokeModel")
    rows = {row: [cell.mark if cell else None for cell in cells] for row, cells in matrix.rows}
    assert rows["bearer + environment"] == ["bearer", "bearer"]
    assert rows["nothing"] == ["none", "none"]


def test_of_several_results_for_one_cell_the_gravest_is_shown() -> None:
    names = ("chain::a", "chain::b", "chain::c")
    outcomes = (Outcome.PASSED, Outcome.FAILED, Outcome.PASSED)
    other = result("chain::d", present=("shared",))
    story = story_of([report(*map(result, names, outcomes), other)])
    ((_, (cell,)), _) = story.matrices[0].rows
    assert cell is not None
    assert cell.card.name == "chain::b"


def test_several_clients_stand_beside_one_another() -> None:
    page = render([report(result()), report(result(outcome=Outcome.FAILED), client="go")])
    assert '<th scope="col">boto3</th>' in page
    assert '<th scope="col">go</th>' in page
    assert 'id="0::chain::bearer-converse"' in page
    assert 'id="1::chain::bearer-converse"' in page


def test_what_clients_and_servers_say_is_text() -> None:
    hostile = result(
        f"chain::{HOSTILE}",
        Outcome.FAILED,
        said=HOSTILE,
        service=HOSTILE,
        operation=HOSTILE,
        requests=(request(line=HOSTILE, headers=[["Authorization", HOSTILE]], source=HOSTILE),),
    )
    other = result(f"chain::two{HOSTILE}", present=(), service=HOSTILE)
    page = render([report(hostile, other, client=HOSTILE)])
    page.encode()  # no lone surrogate is left
    tags = _Tags(page).seen
    assert [tag for tag, _ in tags].count("script") == 1
    assert [tag for tag, _ in tags].count("style") == 1
    assert not [tag for tag, _ in tags if tag in ("img", "iframe", "object", "base")]
    for _, attributes in tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert re.match("#|https://", attributes.get("href") or "#")
    assert "{{ 7*7 }}" in page
    assert "\\u202e" in page
    assert "\u202e" not in page
    assert "\\ud800" in page


def test_only_its_own_script_and_style_may_run(chain: Report) -> None:
    page = render([chain])
    policy = next(a["content"] for tag, a in _Tags(page).seen if tag == "meta" and "content" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_three_thousand_failures_weigh_less_than_3_mb() -> None:
    long = " and what else there is to say of it" * 3
    results = (
        result(f"chain::bearer+environment+shared+config-{n}-invoke", Outcome.FAILED, said=long)
        for n in range(3000)
    )
    assert len(render([report(*results)]).encode()) < 3_000_000


@pytest.mark.parametrize("size", [10_000_000])
def test_evidence_of_ten_megabytes_is_cut(size: int) -> None:
    long = "x" * size
    big = result(outcome=Outcome.FAILED, said=long, requests=(request(line=long),) * 100)
    page = render([report(big)])
    assert len(page) < 100_000
    assert "characters left out" in page


def test_results_of_another_rule_set_are_refused() -> None:
    with pytest.raises(PageError, match="rule set 0\\+old cannot be shown with rule set 1"):
        render([report(result(), rule_set="0+old")])


def test_without_jinja_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(PageError, match=r"pip install 'bedrock-authcheck\[html\]'"):
        render([report(result())])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("→ 200 é", "→ 200 é"),
        ("a\u202eb\u200b\x07\ud800\u2028", "a\\u202eb\\u200b\\u0007\\ud800\\u2028"),
    ],
)
def test_what_hides_is_shown_by_its_number(text: str, shown: str) -> None:
    assert visible(text) == shown
