"""A background thread that runs one asyncio loop, for services that blocking clients call."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

T = TypeVar("T")


class BackgroundLoop:
    """One thread with one asyncio loop: started by the first `run`, gone after `stop`.

    All methods may be called from any thread but the loop's own. After `stop` it can be
    used again: the next `run` starts a new thread.
    """

    def __init__(self, name: str = "bedrock-authcheck") -> None:
        """`name` is the name of the thread."""
        self._name = name
        self._lock = threading.RLock()  # `run` starts the thread under it
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = asyncio.Event()

    @property
    def running(self) -> bool:
        """Whether the thread is there."""
        return self._thread is not None

    def start(self) -> asyncio.AbstractEventLoop:
        """Start the thread unless it runs, and return its loop.

        Raises OSError (no descriptor left) or RuntimeError (no thread can be started);
        nothing is left behind then.
        """
        with self._lock:
            if self._loop is not None:
                return self._loop
            # One kind of loop on every platform: resets and aborts behave the same.
            runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
            loop = runner.get_loop()
            stopping = asyncio.Event()
            # A daemon, so that a loop that somebody forgot never keeps the process alive.
            thread = threading.Thread(
                target=_drive, args=(runner, stopping), name=self._name, daemon=True
            )
            try:
                thread.start()
            except BaseException:
                runner.close()
                raise
            self._loop, self._thread, self._stopping = loop, thread, stopping
            return loop

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and return its result; blocks the calling thread.

        Raises what the coroutine raises, what `start` raises, and RuntimeError when called
        from the loop's own thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            msg = f"run() was called in the loop's own thread {self._name!r}: await instead"
            raise RuntimeError(msg)
        try:
            with self._lock:  # a `stop` comes before this, or after and cancels it
                future = asyncio.run_coroutine_threadsafe(coroutine, self.start())
        except BaseException:
            coroutine.close()
            raise
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C must not leave it running; no effect on one that ended
            raise

    def stop(self) -> None:
        """Cancel what still runs, end the thread and wait for it; does nothing when stopped."""
        with self._lock:
            loop, thread = self._loop, self._thread
            if loop is None or thread is None:
                return
            loop.call_soon_threadsafe(self._stopping.set)
            thread.join()
            self._loop = self._thread = None

    def __enter__(self) -> Self:
        """Return itself; the thread starts with the first `run`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()


def _drive(runner: asyncio.Runner, stopping: asyncio.Event) -> None:
    with runner:  # its end cancels all tasks, ends async generators and closes the loop
        runner.run(_wait(stopping))


async def _wait(stopping: asyncio.Event) -> None:
    await stopping.wait()
