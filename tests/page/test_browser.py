"""The page in a real browser: headless Chromium, by its driver; from a file, as users open it."""

from __future__ import annotations

import shutil
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_authcheck.model import Outcome
from bedrock_authcheck.page.render import write_page
from tests.page.conftest import report, request, result
from tests.page.test_page import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome

    from bedrock_authcheck.report.jsonl import Report

    Open = Callable[..., Chrome]

for _module in ("jinja2", "selenium", "axe_core_python"):
    pytest.importorskip(_module, reason=f"{_module} is not installed")
_BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
_DRIVER = shutil.which("chromedriver")
if _BROWSER is None or _DRIVER is None:
    pytest.skip("Chromium and its driver are not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for the module, which asks no host for anything."""
    from selenium.webdriver import Chrome, ChromeOptions  # noqa: PLC0415 - may be absent
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415 - may be absent

    options = ChromeOptions()
    options.binary_location = str(_BROWSER)
    for argument in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        f"--user-data-dir={tmp_path_factory.mktemp('browser')}",
        "--window-size=1200,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, Service(_DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Chrome, tmp_path: Path) -> Iterator[Open]:
    """Open a page made of reports; afterwards its console must be empty."""

    def open_(*reports: Report, fragment: str = "") -> Chrome:
        write_page(tmp_path / "page.html", reports)
        browser.get("about:blank")  # so that a fragment alone is a page load too
        browser.get(f"{(tmp_path / 'page.html').as_uri()}{fragment}")
        return browser

    yield open_
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call] # selenium has no type


def _shown(browser: Chrome) -> list[str]:
    script = "return [...document.querySelectorAll('.s:not([hidden])')].map((card) => card.id)"
    found: list[str] = browser.execute_script(script)
    return found


def _run(browser: Chrome, script: str) -> Any:  # noqa: ANN401 - what a script returns
    return browser.execute_script(script)


def test_a_filter_shows_what_is_asked_for_and_is_kept_in_the_address(
    opened: Open, chain: Report
) -> None:
    browser = opened(chain)
    assert len(_shown(browser)) == 9
    browser.find_element("css selector", "select[name=outcome]").send_keys("failed")
    assert _shown(browser) == ["chain::environment-converse", "chain::environment-invokemodel"]
    assert browser.current_url.endswith("#?outcome=failed")
    assert browser.find_element("id", "shown").text == "2 of 9 scenarios"
    browser.find_element("css selector", "input[name=text]").send_keys("InvokeModel")
    assert _shown(browser) == ["chain::environment-invokemodel"]
    browser.find_element("css selector", ".filter button").click()
    assert len(_shown(browser)) == 9


@pytest.mark.parametrize(
    ("fragment", "shown"),
    [
        ("#?rule=LIMIT-2", ["limit::ListAgents-bearer"]),
        ("#?service=bedrock-agent", ["limit::ListAgents-bearer"]),
        ("#?outcome=failed&text=invoke", ["chain::environment-invokemodel"]),
        ("#?constructor=x&toString=y&%", None),
    ],
)
def test_an_address_holds_a_filter(
    opened: Open, chain: Report, fragment: str, shown: list[str] | None
) -> None:
    found = _shown(opened(chain, fragment=fragment))
    assert found == shown if shown else len(found) == 9


@pytest.mark.parametrize("escaped", [False, True])
def test_a_deep_link_opens_its_scenario(opened: Open, chain: Report, *, escaped: bool) -> None:
    address = "chain::environment-converse".replace(":", "%3A" if escaped else ":")
    browser = opened(chain, fragment=f"#{address}")
    card = browser.find_element("id", "chain::environment-converse")
    assert card.get_attribute("open") is not None
    assert "expected  bearer" in card.text


def test_a_rule_and_a_cell_lead_to_the_scenario(opened: Open, chain: Report) -> None:
    browser = opened(chain)
    browser.find_element("css selector", "#rule-CHAIN-1 .broke a").click()
    assert browser.find_element("id", "chain::environment-converse").get_attribute("open")
    cells = browser.find_elements("css selector", ".matrix a")
    cells[-1].click()
    assert browser.find_element("id", "chain::none-invokemodel").get_attribute("open")


def test_a_link_to_a_scenario_that_a_filter_hides_shows_it(opened: Open, chain: Report) -> None:
    browser = opened(chain, fragment="#?outcome=passed")
    assert "chain::environment-converse" not in _shown(browser)
    browser.find_element("css selector", "#rule-CHAIN-1 .broke a").click()
    assert "chain::environment-converse" in _shown(browser)


def test_it_is_used_by_keyboard_alone(opened: Open, chain: Report) -> None:
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - may be absent

    browser = opened(chain)
    body = browser.find_element("css selector", "body")
    body.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the rules"
    summary = browser.find_element("css selector", ".s summary")
    summary.send_keys(Keys.ENTER)
    assert browser.find_element("css selector", ".s").get_attribute("open") is not None


def test_nothing_of_what_it_quotes_runs(opened: Open) -> None:
    hostile = result(
        f"chain::{HOSTILE}",
        Outcome.FAILED,
        said=HOSTILE,
        service=HOSTILE,
        requests=(request(line=HOSTILE, headers=[["Authorization", HOSTILE]], source=HOSTILE),),
    )
    browser = opened(report(hostile, result("chain::two", present=()), client=HOSTILE))
    assert len(_shown(browser)) == 2
    assert _run(browser, "return document.scripts.length") == 1
    assert _run(browser, "return document.images.length") == 0
    browser.find_element("css selector", ".s summary").click()
    assert "<script>alert(1)</script>" in browser.find_element("css selector", ".s pre").text
    for link in browser.find_elements("css selector", "a[href]"):
        assert str(link.get_attribute("href")).startswith(("file://", "https://"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_serious_finding(opened: Open, chain: Report, scheme: str) -> None:
    browser = opened(chain, fragment="#chain::environment-converse")
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    _run(browser, "document.querySelectorAll('details').forEach((one) => { one.open = true })")
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    # By the driver, which the page's policy does not hold back.
    _run(browser, axe)
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run().then((found) => done(found.violations))"
    )
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []


def test_it_is_read_without_scripts(opened: Open, chain: Report) -> None:
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - may be absent

    browser = opened(chain)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.refresh()
        assert not browser.find_element("id", "filter").is_displayed()
        first = browser.find_element("css selector", ".s")
        first.find_element("css selector", "summary").send_keys(Keys.ENTER)
        assert "expected  bearer" in first.text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
