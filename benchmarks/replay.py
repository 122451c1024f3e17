"""Replaying and loading cassettes of 1 to 10,000 recordings, beside plain vcrpy.

`python -m benchmarks.replay` prints the time of a replayed boto3 call and of loading, both ways,
with the spread over repetitions; nothing is sent.
"""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import vcr

from bedrock_authcheck.recording.cassette import Cassette, Origin, Provenance, Recording
from bedrock_authcheck.recording.index import Index
from bedrock_authcheck.recording.reading import read_cassette
from bedrock_authcheck.recording.tape import Deck, inserted
from bedrock_authcheck.recording.writing import write_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = (1, 10, 100, 1_000, 10_000)
CALLS = 60
FEW = 8  # of the largest: vcrpy takes a second for each
ROUNDS = 3
REGION = "eu-central-1"
URI = f"https://bedrock-runtime.{REGION}.amazonaws.com/model/m/converse"
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIA0/20000101/eu-central-1/bedrock/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0"
)
ANSWER = (
    b'{"output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}}, '
    b'"stopReason": "end_turn", "usage": {"inputTokens": 3, "outputTokens": 7, "totalTokens": 10}, '
    b'"metrics": {"latencyMs": 0}}'
)


def _cassette(size: int) -> Cassette:
    headers = (("Authorization", AUTHORIZATION), ("Content-Type", "application/json"))
    recordings = tuple(
        Recording(
            "POST",
            URI,
            headers,
            f'{{"messages": [{{"role": "user", "content": [{{"text": "{n}"}}]}}]}}'.encode(),
            200,
            "OK",
            (("Content-Type", "application/json"),),
            ANSWER,
        )
        for n in range(size)
    )
    provenance = Provenance("2000-01-01T00:00:00Z", Origin.OTHER, (REGION,), {}, "0")
    return Cassette(recordings, provenance)


def _texts(size: int) -> list[str]:
    """Spread the calls over the cassette: vcrpy searches it from its start."""
    calls = min(size, CALLS if size < max(SIZES) else FEW)
    return [str(n * size // calls) for n in range(calls)]


def _call(client: Any, text: str) -> None:  # noqa: ANN401 - boto3 makes its classes at run time
    client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": text}]}])


def _timed(client: Any, texts: list[str]) -> Iterator[float]:  # noqa: ANN401 - as above
    for text in texts:
        start = time.perf_counter()
        _call(client, text)
        yield time.perf_counter() - start


def _ours(client: Any, path: Path, size: int) -> list[float]:  # noqa: ANN401 - as above
    with inserted(Deck(Index(read_cassette(path))), path):
        return [*_timed(client, _texts(size))]


def _vcrpy(client: Any, path: Path, size: int) -> list[float]:  # noqa: ANN401 - as above
    matchers = ["method", "scheme", "host", "port", "path", "query", "body"]
    with vcr.use_cassette(str(path), record_mode="none", match_on=matchers):
        return [*_timed(client, _texts(size))]


def _loading(load: Callable[[], object]) -> float:
    start = time.perf_counter()
    load()
    return time.perf_counter() - start


def _shown(seconds: list[float], unit: float) -> str:
    middle = statistics.median(seconds) * unit
    spread = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else [middle / unit] * 3
    return f"{middle:8.2f} ({spread[0] * unit:.2f}-{spread[2] * unit:.2f})"


def main() -> None:
    """Measure and print."""
    logging.getLogger("vcr").setLevel(logging.WARNING)
    client = boto3.client(
        "bedrock-runtime",
        region_name=REGION,
        aws_access_key_id="fake",
        aws_secret_access_key="fake",  # noqa: S106 - signs nothing that is sent
    )
    print(f"{'recordings':>10}  {'a call, ms: ours':<26}{'vcrpy':<26}ratio   ", end="")  # noqa: T201 - the result
    print(f"{'loading, ms: ours':<26}{'vcrpy':<26}ratio")  # noqa: T201 - the result
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / f"{size}.yaml"
            path.write_text(write_cassette(_cassette(size)), encoding="utf-8", newline="\n")
            ours: list[float] = []
            theirs: list[float] = []
            for _ in range(ROUNDS):  # by turns: a busy machine slows both
                ours += _ours(client, path, size)
                theirs += _vcrpy(client, path, size)
            rounds = range(ROUNDS if size < max(SIZES) else 2)
            ours_load = [_loading(lambda: Index(read_cassette(path))) for _ in rounds]  # noqa: B023 - called at once
            theirs_load = [
                _loading(lambda: vcr.cassette.Cassette.load(path=str(path)))  # noqa: B023 - as above
                for _ in rounds
            ]
            ratio = statistics.median(ours) / statistics.median(theirs)
            load_ratio = statistics.median(ours_load) / statistics.median(theirs_load)
            print(  # noqa: T201 - the result
                f"{size:>10}  {_shown(ours, 1e3):<26}{_shown(theirs, 1e3):<26}{ratio:5.2f}   "
                f"{_shown(ours_load, 1e3):<26}{_shown(theirs_load, 1e3):<26}{load_ratio:5.2f}"
            )


if __name__ == "__main__":
    main()
