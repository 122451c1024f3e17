"""Cassettes read: ours, held to their header and footer, and those of plain vcrpy."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from bedrock_authcheck.recording.cassette import (
    Cassette,
    CassetteError,
    Origin,
    Provenance,
    Recording,
)
from bedrock_authcheck.recording.yaml_io import digest, load

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_authcheck.recording.cassette import Headers

FORMAT: Final = 1
"""The version of our header and footer; a newer one is refused."""
HEADER: Final = "bedrock_authcheck"
FOOTER: Final = "bedrock_authcheck_end"
LARGEST: Final = 64 * 1024**2
"""Bytes of a cassette, decompressed; more is no cassette that a test should load."""

_FOOTER_LINE: Final = re.compile(rb"^" + FOOTER.encode() + rb":", re.MULTILINE)
_HEADER_LINE: Final = re.compile(rb"^" + HEADER.encode() + rb":", re.MULTILINE)
_GZIP: Final = b"\x1f\x8b"
_MEBIBYTE: Final = 1024**2


def read_cassette(path: Path) -> Cassette:
    """Read a cassette; CassetteError says what is wrong with it, FileNotFoundError as usual."""
    try:
        if path.stat().st_size > LARGEST:
            raise CassetteError(_too_large(str(path)))
        data = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CassetteError(f"{path} cannot be read: {error.strerror}") from error
    return parse_cassette(data, str(path))


def parse_cassette(data: bytes, name: str) -> Cassette:
    """Parse a cassette's bytes, gzip or not; CassetteError begins with `name`."""
    if data.startswith(_GZIP):
        data = _decompressed(data, name)
    if not data.strip():
        raise CassetteError(f"{name} is empty: delete it and record it anew")
    provenance_due = _HEADER_LINE.search(data) is not None
    if provenance_due or _FOOTER_LINE.search(data):
        _demand_whole(data, name, headed=provenance_due)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CassetteError(f"{name} is no cassette: it is not UTF-8 ({error.reason})") from None
    document = load(text, name)
    if not isinstance(document, dict):
        raise CassetteError(f"{name} is no vcrpy cassette: it holds {_kind(document)}")
    recordings = tuple(_recordings(document, name))
    if not provenance_due:
        return Cassette(recordings)
    provenance = _provenance(document.get(HEADER), name)
    counted = document[FOOTER].get("recordings")
    if counted != len(recordings):
        raise CassetteError(
            f"{name}: its footer counts {counted} recordings, not {len(recordings)}"
        )
    return Cassette(recordings, provenance)


def _too_large(name: str) -> str:
    return f"{name} is larger than {LARGEST // _MEBIBYTE} MiB, the most that a cassette may be"


def _decompressed(data: bytes, name: str) -> bytes:
    inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflate.decompress(data, LARGEST + 1)
    except zlib.error as error:
        raise CassetteError(f"{name} is not readable as gzip: {error}") from None
    if len(plain) > LARGEST:
        raise CassetteError(_too_large(f"{name}, decompressed,"))
    if not inflate.eof:
        raise CassetteError(f"{name} is torn: its gzip data ends early")
    return plain


def _demand_whole(data: bytes, name: str, *, headed: bool) -> None:
    """Hold a cassette of ours to its footer: torn and edited ones are refused."""
    if not headed:
        raise CassetteError(f"{name} is torn: its header is missing; delete it and record it anew")
    *_, footer = [None, *_FOOTER_LINE.finditer(data)]
    if footer is None:
        raise CassetteError(f"{name} is torn: its footer is missing; delete it and record it anew")
    sealed = re.search(rb"^  sha256: ([0-9a-f]{64})\r?\n\Z", data[footer.start() :], re.MULTILINE)
    if sealed is None:
        raise CassetteError(
            f"{name} is torn: its footer is not whole; delete it and record it anew"
        )
    if sealed[1].decode() != digest(data[: footer.start()]):
        raise CassetteError(
            f"{name} was changed after it was recorded: its digest does not fit; "
            "delete it and record it anew"
        )


def _provenance(head: Any, name: str) -> Provenance:  # noqa: ANN401 - whatever the file holds
    known = head.get("format") if isinstance(head, dict) else None
    if not isinstance(known, int) or known > FORMAT or known < 1:
        raise CassetteError(
            f"{name} is of format {_shown(known)}, and this version of bedrock-authcheck reads "
            f"{FORMAT}: update it, or delete the cassette and record it anew"
        )
    try:
        return Provenance(
            recorded_at=_line(head["recorded_at"]),
            origin=Origin(head["origin"]),
            regions=tuple(map(_line, head["regions"])),
            clients={_line(key): _line(value) for key, value in head["clients"].items()},
            tool=_line(head["tool"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CassetteError(f"{name}: its header is not whole ({error})") from None


def _recordings(document: dict[str, Any], name: str) -> list[Recording]:
    pairs: list[tuple[Any, Any]]
    if isinstance(document.get("interactions"), list):
        version = document.get("version", 1)
        if version != 1:
            raise CassetteError(f"{name} is of vcrpy's version {_shown(version)}; 1 can be read")
        pairs = [(_part(i, "request"), _part(i, "response")) for i in document["interactions"]]
    elif isinstance(document.get("requests"), list) and isinstance(document.get("responses"), list):
        # langchain's recorder keeps two lists.
        if len(document["requests"]) != len(document["responses"]):
            raise CassetteError(f"{name} is torn: requests and responses are not as many")
        pairs = list(zip(document["requests"], document["responses"], strict=True))
    else:
        keys = ", ".join(map(str, [*document][:5]))
        raise CassetteError(f"{name} is no vcrpy cassette: its keys are {keys or 'none'}")
    recordings: list[Recording] = []
    size = 0
    for number, pair in enumerate(pairs, start=1):
        recordings.append(_recording(*pair, f"{name}: interaction {number}"))
        size += _size(recordings[-1])
        if size > LARGEST:  # a small text can ask for it by its aliases
            raise CassetteError(_too_large(f"{name}, its aliases unfolded,"))
    return recordings


def _size(recording: Recording) -> int:
    headers = (*recording.headers, *recording.answer_headers)
    bodies = len(recording.body) + len(recording.answer_body)
    return bodies + sum(len(name) + len(value) for name, value in headers)


def _part(interaction: Any, key: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return interaction.get(key) if isinstance(interaction, dict) else None


def _recording(request: Any, response: Any, where: str) -> Recording:  # noqa: ANN401 - as above
    if not isinstance(request, dict) or not isinstance(response, dict):
        raise CassetteError(f"{where} has no request and response")
    try:
        status = response["status"]
        code = status["code"] if isinstance(status, dict) else status
        return Recording(
            method=_line(request["method"]),
            uri=_line(request["uri"]),
            headers=_headers(request.get("headers")),
            body=_body(request),
            status=int(code),
            reason=_line((status.get("message") if isinstance(status, dict) else None) or ""),
            answer_headers=_headers(response.get("headers")),
            answer_body=_body(response),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CassetteError(
            f"{where} is not one of vcrpy's: {type(error).__name__} ({error})"
        ) from None


_MOST_HEADERS: Final = 1_000  # of one message


def _headers(headers: Any) -> Headers:  # noqa: ANN401 - whatever the file holds
    pairs: list[tuple[str, str]] = []
    for name, values in (headers or {}).items():
        several = values if isinstance(values, list | tuple) else [values]
        pairs += [(_line(name), _line(value)) for value in several]
        if len(pairs) > _MOST_HEADERS:
            raise ValueError(f"more than {_MOST_HEADERS} headers: do aliases repeat them?")
    return tuple(pairs)


def _line(value: Any) -> str:  # noqa: ANN401 - whatever the file holds
    """Write a scalar; TypeError for a list or mapping, which aliases can make endless."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list | dict | set | tuple):
        raise TypeError(f"{_kind(value)} where a text belongs")
    return str(value)


def _body(message: dict[str, Any]) -> bytes:
    """Find a body: under `body`, under `body.string`, or as JSON parsed by a recorder's plugin."""
    if "parsed_body" in message:
        return _written(message["parsed_body"])
    body = message.get("body")
    if isinstance(body, dict):
        body = body.get("string")
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if isinstance(body, bytes):
        return body
    raise TypeError(f"a body that is {_kind(body)}")


_MOST_PARTS: Final = 2_000_000  # of JSON; a small text can ask for far more by its aliases


def _written(parsed: object) -> bytes:
    """Write JSON; ValueError for what is too large, found while it is written."""
    parts: list[str] = []
    for part in json.JSONEncoder(ensure_ascii=False).iterencode(parsed):
        parts.append(part)
        if len(parts) > _MOST_PARTS:
            raise ValueError("a body that is too large: do aliases repeat it?")
    return "".join(parts).encode()


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float | None) else _kind(value)


def _kind(value: object) -> str:
    names = {list: "a list", dict: "a mapping", str: "a text", type(None): "nothing"}
    return names.get(type(value), f"a value of type {type(value).__name__}")
