"""One process of a program: started in a group of its own, bounded, and ended with its group."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from signal import Signals
from threading import Condition, Thread
from typing import IO, TYPE_CHECKING, Final, Self

from bedrock_authcheck.clients.contract import ClientFault
from bedrock_authcheck.clients.processes import kill_group, left_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

OUT: Final = "standard output"
ERR: Final = "standard error"
_CHUNK: Final = 65536  # bytes read at once
_TAIL: Final = 600  # characters of an output that a text quotes
_JOINED: Final = 1.0  # seconds for a reader whose pipe is held open by nobody that we know


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a scenario may take: seconds in all, and bytes of each output of a process."""

    seconds: float = 30.0
    output: int = 1_000_000


class Program:
    """A process that is running, with what it has printed so far.

    `end` kills it with its group. ClientFault, from each method that waits, says what went wrong
    and quotes the end of what was printed.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        bounds: Bounds,
        deadline: float,
    ) -> None:
        """Start it. `deadline` is of `time.monotonic`. ClientFault where it cannot be started."""
        self._bounds = bounds
        self._deadline = deadline
        self._home = variables.get("HOME", "")
        self._changed = Condition()
        self._outputs = {OUT: bytearray(), ERR: bytearray()}
        self._read = 0  # bytes of standard output that were taken as lines
        self._ended: set[str] = set()  # outputs that were read to their end
        self._too_much = ""  # the output that went over its bound
        self._status: int | None = None
        self._over = False  # whether nothing is left to be killed
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the client that the user names
                command,
                cwd=folder,
                env=dict(variables),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=os.name != "nt",
            )
        except OSError as error:
            why = error.strerror or error
            raise ClientFault(f"{command[0]} could not be started: {why}") from error
        self._threads = [
            _started(self._pump, self._process.stdout, OUT),
            _started(self._pump, self._process.stderr, ERR),
            _started(self._wait),
        ]

    def _pump(self, pipe: IO[bytes], name: str) -> None:
        kept, most = self._outputs[name], self._bounds.output
        while part := os.read(pipe.fileno(), _CHUNK):
            with self._changed:
                if len(kept) + len(part) > most:
                    self._too_much = name
                kept += part[: most - len(kept)]
                self._changed.notify_all()
            if self._too_much:
                return  # whoever waits kills the writer
        with self._changed:
            self._ended.add(name)
            self._changed.notify_all()

    def _wait(self) -> None:
        status = self._process.wait()
        with self._changed:
            self._status = status
            self._changed.notify_all()

    @property
    def log(self) -> str:
        """What is on standard error so far."""
        return self._text(ERR)

    def _text(self, name: str) -> str:
        with self._changed:
            return self._outputs[name].decode("utf-8", "replace")

    def write(self, line: str) -> None:
        """Write a line to its standard input."""
        pipe = self._process.stdin
        with suppress(OSError):  # who does not read is told by what it answers, or does not
            if pipe is not None:
                pipe.write(f"{line}\n".encode())
                pipe.flush()

    def line(self) -> str:
        """Wait for the next line of standard output; an empty text where it has ended."""
        out = self._outputs[OUT]
        self._until(lambda: out.find(b"\n", self._read) >= 0 or OUT in self._ended)
        with self._changed:
            end = out.find(b"\n", self._read) + 1 or len(out)
            taken, self._read = bytes(out[self._read : end]), end
        return taken.decode("utf-8", "replace")

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._status

    def ended(self, *, any_status: bool = False) -> str:
        """Close standard input and wait for its end; return the whole of standard output.

        ClientFault unless its status is 0 (`any_status`: whatever a program ends with by itself)
        and no process outlives it.
        """
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._until(lambda: self._status is not None)
        left = left_of(self._process.pid, self._home)
        if left:
            self._kill()
            raise self.fault(f"left {left} behind, which was ended: its children must end with it")
        self._over = True
        self._join()
        if self._too_much:
            raise self._overflowed()
        status = self._status or 0
        if status < 0:
            raise self.fault(f"was ended by the signal {_signal_name(-status)}")
        if status and not any_status:
            raise self.fault(f"ended with status {status}, which is 0 for a failed call too")
        return self._text(OUT)

    def _until(self, happened: Callable[[], bool]) -> None:
        with self._changed:
            left = self._deadline - time.monotonic()
            self._changed.wait_for(lambda: happened() or self._too_much, max(left, 0))
            in_time = happened()
        if self._too_much:
            raise self._overflowed()
        if not in_time:
            self._kill()
            seconds = f"{self._bounds.seconds:g} s"
            raise self.fault(f"did not end within {seconds}, and was ended with its process group")

    def _overflowed(self) -> ClientFault:
        self._kill()
        most = f"{self._bounds.output:,} bytes"
        return self.fault(f"printed more than {most} on {self._too_much}, and was ended")

    def fault(self, text: str) -> ClientFault:
        """Make the error that says what the program did, with the ends of its outputs."""
        lines = [f"the client's program {text}"]
        for name in self._outputs:
            shown = self._text(name)[-_TAIL:].strip()
            if shown:
                lines.append(f"  {name} ends: {_printable(shown)}")
        return ClientFault("\n".join(lines))

    def end(self) -> None:
        """Kill it with its group, and let go of its pipes."""
        if not self._over:
            self._kill()
        self._join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _kill(self) -> None:
        kill_group(self._process.pid, self._home)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join(_JOINED)

    def __enter__(self) -> Self:
        """Use as a context manager to have it ended."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.end()


def _started(run: Callable[..., None], *arguments: object) -> Thread:
    thread = Thread(target=run, args=arguments, daemon=True)
    thread.start()
    return thread


def _signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return str(number)


def _printable(text: str) -> str:
    return " | ".join(
        "".join(c if c.isprintable() else " " for c in line) for line in text.splitlines()
    )
