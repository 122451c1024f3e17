"""The scan of what is no plain cassette: other recorders' files, torn ones, hostile ones, text."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bedrock_authcheck.recording import pieces
from bedrock_authcheck.recording.scan import Leak, leaks_in
from tests.recording.planting import WRITERS, by_vcrpy, interaction
from tests.wire import lookalikes
from tests.wire.encoders import ENCODERS, wrapped_base64

if TYPE_CHECKING:
    from pathlib import Path

SECRET: Final = "FAKE/planted+1234567890abcdefghijklmnopq"
KNOWN: Final = {SECRET: "the secret"}
HEADER: Final = f"Authorization: Bearer {lookalikes.secret_key()}"
TOKEN: Final = lookalikes.session_token()


def places(data: bytes) -> list[tuple[str, str]]:
    return [(leak.where, leak.form) for leak in leaks_in(data, KNOWN)]


def wheres(text: str) -> list[str]:
    return [leak.where for leak in leaks_in(text.encode(), KNOWN)]


# Other recorders


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (
            {"log": {"entries": [{"request": {"headers": [{"name": "a-b", "value": SECRET}]}}]}},
            "entry 1, request header a-b",
        ),
        ({"request": {"url": SECRET}}, "request URI"),
        ({"http_interactions": [{"response": {"body": {"string": SECRET}}}]},
         "interaction 1, response body"),
        ({"requests": [{}, {"headers": {"A": [SECRET]}}]}, "interaction 2, request header A"),
        ({"responses": [{"body": SECRET}]}, "interaction 1, response body"),
        ([{"scope": "x"}, {"path": SECRET}], "[2].path"),
        ({"a": {"b": [1, {"c": SECRET}]}}, "a.b[2].c"),
        ({"interactions": [{"request": {"proto": SECRET}}]}, "interaction 1, request proto"),
        ({"interactions": [{"note": SECRET}]}, "interaction 1, note"),
        ({"version": SECRET}, "version"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_places_of_other_recorders_are_said(document: object, where: str) -> None:
    assert places(json.dumps(document).encode()) == [(where, "plain")]
    in_yaml = places(yaml.safe_dump(document).encode())
    known = ("interaction", "entry", "request")
    assert in_yaml == [(where if where.startswith(known) else in_yaml[0][0], "plain")]


def test_a_har_file_names_a_header_beside_its_value() -> None:
    pair = {"name": "x-amz-security-token", "value": TOKEN}
    data = json.dumps({"log": {"entries": [{"request": {"headers": [pair]}}]}}).encode()
    (leak,) = leaks_in(data)
    assert leak == Leak("entry 1, request header x-amz-security-token", "a session token", "plain")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-security-token": TOKEN},
        {"X-Amz-Security-Token": [TOKEN]},
        [["x-amz-security-token", TOKEN]],
        [{"key": "x-amz-security-token", "values": [TOKEN]}],
        [{"Name": "x-amz-security-token", "Value": TOKEN}],
        {"x-amz-security-token": {"base64_string": base64.b64encode(TOKEN.encode()).decode()}},
        f"x-amz-security-token: {TOKEN}\r\n",
    ],
    ids=lambda value: type(value).__name__,
)
def test_headers_are_read_however_they_are_kept(headers: object) -> None:
    document = {"interactions": [{"request": {"headers": headers}}]}
    for data in (json.dumps(document), yaml.safe_dump(document)):
        assert [leak.what for leak in leaks_in(data.encode())] == ["a session token"]


def test_the_token_that_instance_metadata_grants_is_known_by_what_was_asked() -> None:
    body = lookalikes.of(lookalikes.BASE64URL, 38)
    request = {"method": "PUT", "uri": "http://169.254.169.254/latest/api/token"}
    document = {"interactions": [{"request": request, "response": {"body": {"string": body}}}]}
    for data in (json.dumps(document), yaml.safe_dump(document)):
        (leak,) = leaks_in(data.encode())
        assert (leak.where, leak.what) == ("interaction 1, response body", "a metadata token")


def test_a_name_that_stands_twice_in_json_is_read_twice() -> None:
    assert wheres(f'{{"a": "{SECRET}", "a": "x"}}') == ["a"]


# YAML


def test_no_tag_is_executed(tmp_path: Path) -> None:
    made = tmp_path / "made"
    text = f"""\
interactions:
- request:
    body: !!python/object/apply:os.mkdir [{made}]
    uri: !!python/object/new:os.system ["mkdir {made}", {SECRET}]
    ? !!python/object/apply:multidict._multidict.istr [Accept]
    : - {SECRET}
"""
    assert wheres(text) == ["interaction 1, request URI", "interaction 1, request Accept[1]"]
    assert not made.exists()


def test_a_value_that_is_repeated_by_reference_has_its_name() -> None:
    document = {"a": (values := ["aZ7" + TOKEN])}
    document["x-amz-security-token"] = values
    text = yaml.safe_dump(document)
    assert "*id001" in text
    assert [leak.where for leak in leaks_in(text.encode())] == ["line 3"]
    assert [leak.where for leak in leaks_in(f"a: &t {TOKEN}\nsessionToken: *t".encode())] == [
        "line 2"
    ]


def test_references_to_references_are_not_unfolded() -> None:
    lines = ["a0: &a0 [" + ", ".join([SECRET] * 9) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 60)]
    lines += [f"Authorization: *a{n}" for n in range(60)]
    assert wheres("\n".join(lines)) == ["line 1"]


@pytest.mark.parametrize(
    "text",
    [
        f"# {SECRET}\ninteractions: []\n",
        f"interactions: []  # {SECRET}\n",
        f"a: &{SECRET.replace('/', '_').replace('+', '_')} b\nc: d\n",
        f"%YAML 1.1\n%FOO {SECRET}\n---\na: b\n",
        f"a: |\n  block\n# {SECRET}\n",
        f"a: !<tag:{SECRET}> b\n",
        f"a: b\n---\nc: {SECRET}\n",
        f"a: b\n...\n# {SECRET}\n",
    ],
)
def test_what_is_no_value_in_yaml_is_scanned_as_well(text: str) -> None:
    known = {**KNOWN, SECRET.replace("/", "_").replace("+", "_"): "the secret"}
    assert [leak.what for leak in leaks_in(text.encode(), known)] == ["the secret"]


def test_a_line_with_a_number_sign_is_not_told_of_twice() -> None:
    data = by_vcrpy(interaction("response body", f"# {SECRET} #".encode()))
    assert places(data) == [("interaction 1, response body", "plain")]


@pytest.mark.parametrize("value", ["not base64!", "é#", "QQ", "", "QQ==Qg==", f"{SECRET}"])
def test_a_binary_value_that_is_none_is_read_as_text(value: str) -> None:
    text = f'interactions:\n- request:\n    body: !!binary "{value}"\n    x: {SECRET}\n'
    expected = ["interaction 1, request x"]
    if value == SECRET:
        expected.insert(0, "interaction 1, request body")
    assert wheres(text) == expected
    assert leaks_in(json.dumps({"base64": value, "x": "y"}).encode()) == ()


def test_yaml_is_read_without_libyaml_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_Loader", yaml.SafeLoader)
    data = by_vcrpy(interaction("request header", SECRET.encode()))
    assert places(data) == [("interaction 1, request header X-Planted", "plain")]


# What cannot be parsed


@given(st.data(), st.sampled_from(sorted(WRITERS.keys() - {"gzip"})))
def test_a_file_that_is_torn_is_scanned_all_the_same(data: st.DataObject, writer: str) -> None:
    whole = WRITERS[writer](interaction("request header", SECRET.encode()), interaction())
    end = whole.index(SECRET.encode()) + len(SECRET)
    torn = whole[: data.draw(st.integers(end, len(whole)))]
    assert {leak.what for leak in leaks_in(torn, KNOWN)} == {"the secret"}


@pytest.mark.parametrize(
    "prefix",
    [
        b"",
        b"\xff\xfe\xfd not UTF-8\n",
        b"\0\n",
        b"a: [\n",
        b"{",
        b"\t- a: b\n",
        b"a: *b\n",
        b"a: @\n",
    ],
)
def test_bytes_of_no_format_are_scanned_as_lines(prefix: bytes) -> None:
    data = prefix + b"x " + SECRET.encode()
    assert places(data) == [(f"line {prefix.count(bytes([10])) + 1}", "plain")]


@pytest.mark.parametrize("nested", ["[" * 50_000, '{"a":' * 50_000, "- " * 50_000, "a:\n " * 9_000])
def test_a_document_that_is_nested_too_deep_is_text(nested: str) -> None:
    assert "the secret" in {leak.what for leak in leaks_in((nested + SECRET).encode(), KNOWN)}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_texts_of_other_encodings_are_read(encoding: str) -> None:
    data = f"version: 1\ninteractions: [{{request: {{uri: {SECRET}}}}}]\n".encode(encoding)
    found = places(data)
    marked = encoding in {"utf-8-sig", "utf-16", "utf-32"}
    assert found == [("interaction 1, request URI", "plain")] if marked else found


# Text


def test_leaks_in_a_text_have_their_lines() -> None:
    text = f"first\n{HEADER}\n\nx = {SECRET}\ny = {base64.b64encode(SECRET.encode()).decode()}"
    assert [str(leak) for leak in leaks_in(text.encode(), KNOWN)] == [
        "line 2: a bearer token (plain)",
        "line 4: the secret (plain)",
        "line 5: the secret (base64)",
    ]


def test_what_several_lines_hold_together_has_the_first_and_the_last() -> None:
    filler = b"nothing = here\n" * 100
    data = filler + wrapped_base64(b"." * 100 + SECRET.encode() + b"." * 100) + filler
    ((where, form),) = places(data)
    first, last = (int(word) for word in where.split() if word.isdigit())
    assert 102 <= first < last <= 106
    assert form == "base64"
    name = f"{'-' * 9}\n  'x-amz-security-token':\n    '{TOKEN}'\n"
    assert [leak.where for leak in leaks_in(name.encode())] == ["lines 2 to 3"]


def test_gzip_that_is_not_whole_is_scanned_as_far_as_it_goes() -> None:
    whole = gzip.compress(by_vcrpy(interaction("request header", SECRET.encode())) + b"\n" * 999)
    for data in (whole[:-12], whole + b"tail", whole + SECRET.encode()):
        assert {leak.what for leak in leaks_in(data, KNOWN)} == {"the secret"}


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(bytes(20 * 1024**2)),
        by_vcrpy(interaction("response body", gzip.compress(bytes(20 * 1024**2)))),
        b'{"a": "' + base64.b64encode(gzip.compress(bytes(20 * 1024**2))) + b'"}',
    ],
    ids=["file", "body", "text"],
)
def test_what_cannot_be_looked_through_is_a_leak(bomb: bytes) -> None:
    (leak,) = leaks_in(bomb)
    assert leak.what == (
        "more than is looked through: a gzip stream that unpacks to more than 16 MiB"
    )
    assert leak.form == "not decoded"


def test_every_encoding_is_found_in_a_text() -> None:
    for encode in ENCODERS.values():
        data = b"some text: " + encode(SECRET.encode()) + b"\nmore: text"
        assert {leak.what for leak in leaks_in(data, KNOWN)} == {"the secret"}
