from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from bedrock_authcheck.services.loop import BackgroundLoop

from .recorder import belongings


async def _thread() -> threading.Thread:
    return threading.current_thread()


def test_runs_a_coroutine_in_a_thread_of_its_own(loop: BackgroundLoop) -> None:
    thread = loop.run(_thread())
    assert thread is not threading.current_thread()
    assert loop.run(_thread()) is thread


def test_starts_with_the_first_run_and_is_gone_after_stop() -> None:
    before = belongings()
    loop = BackgroundLoop("named")
    assert belongings() == before
    assert loop.run(_thread()).name == "named"
    loop.stop()
    assert not loop.running
    assert belongings() == before


def test_stops_twice_and_starts_again() -> None:
    before = belongings()
    loop = BackgroundLoop()
    loop.stop()
    first = loop.run(_thread())
    loop.stop()
    loop.stop()
    assert loop.run(_thread()) is not first
    loop.stop()
    assert belongings() == before


def test_many_threads_start_one_loop(loop: BackgroundLoop) -> None:
    barrier = threading.Barrier(8)

    def race(_: int) -> threading.Thread:
        barrier.wait()
        return loop.run(_thread())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(race, range(8)))) == 1


def test_raises_what_the_coroutine_raises(loop: BackgroundLoop) -> None:
    async def fail() -> None:
        raise LookupError("told")

    with pytest.raises(LookupError, match="told"):
        loop.run(fail())


def test_stop_cancels_what_still_runs_and_lets_it_clean_up() -> None:
    loop = BackgroundLoop()
    seen: list[str] = []
    started = threading.Event()

    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned up")

    def caller() -> None:
        with pytest.raises(CancelledError):
            loop.run(endless())
        seen.append("caller told")

    thread = threading.Thread(target=caller)
    thread.start()
    started.wait()
    loop.stop()
    thread.join()
    assert seen == ["cleaned up", "caller told"]


def test_a_call_from_its_own_thread_is_refused_instead_of_waiting_for_itself(
    loop: BackgroundLoop,
) -> None:
    async def nested() -> None:
        loop.run(_thread())

    with pytest.raises(RuntimeError, match="await instead"):
        loop.run(nested())


def test_a_thread_that_cannot_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = belongings()
    loop = BackgroundLoop()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            loop.run(_thread())
    assert not loop.running
    assert belongings() == before
    assert loop.run(_thread()) is not None
    loop.stop()
