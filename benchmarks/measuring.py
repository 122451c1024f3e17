"""How things are measured side by side: in turns, the median with its quartiles, and a target."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MS: Final = 1_000


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turns(rounds: int, *actions: Callable[[], object]) -> list[list[float]]:
    """Time actions in turns, so that what disturbs the machine disturbs all; warm up once."""
    for action in actions:
        action()
    gc.collect()
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for times, action in zip(taken, actions, strict=True):
            times.append(timed(action))
    return taken


@dataclass(frozen=True, slots=True)
class Target:
    """What a measurement is held against: at most `most` times what is beside, or more by `more`.

    `more` is in seconds; one of the two is None.
    """

    most: float | None = None
    more: float | None = None

    def missed(self, ours: float, beside: float) -> bool:
        """Whether ours is beyond it."""
        if self.most is not None:
            return ours > self.most * beside
        return self.more is not None and ours > beside + self.more

    def __str__(self) -> str:
        """`at most 1.3 times`, `at most 5 ms more`."""
        if self.most is not None:
            return f"at most {self.most:g} times"
        return "" if self.more is None else f"at most {self.more * MS:g} ms more"


NO_TARGET: Final = Target()


def shown(seconds: Sequence[float]) -> str:
    """Write the median in milliseconds, with the quartiles."""
    low, middle, high = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else [*seconds] * 3
    return f"{middle * MS:.2f} ms ({low * MS:.2f} to {high * MS:.2f})"


def row(
    what: str,
    ours: Sequence[float],
    name: str,
    beside: Sequence[float],
    target: Target = NO_TARGET,
) -> bool:
    """Print one comparison as a row of a table; return whether it holds its target."""
    mine, theirs = statistics.median(ours), statistics.median(beside)
    ratios = [one / other for one, other in zip(sorted(ours), sorted(beside), strict=False)]
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    missed = target.missed(mine, theirs)
    verdict = f"{'**falls short** of ' if missed else 'holds '}{target}" if str(target) else ""
    say(
        f"| {what} | {shown(ours)} | {name}: {shown(beside)} | {mine / theirs:.2f} ({spread}) "
        f"| {verdict} |"
    )
    return not missed


def say(text: str) -> None:
    """Print a line at once: a benchmark takes minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
