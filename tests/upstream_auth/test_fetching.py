"""A fetch blocks in a thread of its own, and its failures are told without secrets."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.secret import MASK, Secret
from penstock.upstream_auth.fetching import LONGEST_REASON, Fetched, FetchFailed, fetch_in_thread, silence

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJnYXRld2F5In0.c2lnbmF0dXJl"


async def test_a_fetch_runs_beside_the_loop() -> None:
    let_go = threading.Event()

    def fetch() -> Fetched[str]:
        assert let_go.wait(30)
        return Fetched(threading.current_thread().name)

    fetching = asyncio.create_task(fetch_in_thread(fetch))
    await asyncio.sleep(0)  # the loop goes on while the fetch blocks
    let_go.set()
    assert (await fetching).value == "penstock-credential"


async def test_a_failure_arrives_as_it_is() -> None:
    def fetch() -> Fetched[str]:
        raise FetchFailed("refused")

    with pytest.raises(FetchFailed, match=r"^refused$"):
        await fetch_in_thread(fetch)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_defect_is_a_failure_too_and_its_text_stays_out() -> None:
    threads: list[threading.Thread] = []

    def fetch() -> Fetched[str]:
        threads.append(threading.current_thread())
        raise KeyError("the-secret")

    with pytest.raises(FetchFailed) as caught:
        await fetch_in_thread(fetch)
    await asyncio.to_thread(threads[0].join, 30)
    assert str(caught.value) == "a defect of the gateway"


async def test_the_thread_of_a_fetch_does_not_hold_up_the_end_of_the_process() -> None:
    fetched = await fetch_in_thread(lambda: Fetched(threading.current_thread().daemon))
    assert fetched.value is True


async def test_a_system_without_threads_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(FetchFailed, match="no thread to fetch in"):
        await fetch_in_thread(lambda: Fetched(1))


def test_a_fetch_that_outlives_its_loop_brings_its_answer_to_nobody() -> None:
    let_go, ended = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def fetch() -> Fetched[str]:
        threads.append(threading.current_thread())
        ended.set()
        assert let_go.wait(30)
        return Fetched("late")

    async def leave() -> None:
        fetching = asyncio.create_task(fetch_in_thread(fetch))
        await asyncio.to_thread(ended.wait, 30)
        fetching.cancel()

    asyncio.run(leave())
    let_go.set()
    threads[0].join(30)
    assert not threads[0].is_alive()


async def test_an_answer_after_nobody_waits_is_dropped() -> None:
    let_go = threading.Event()

    def fetch() -> Fetched[str]:
        assert let_go.wait(30)
        raise FetchFailed("late")

    fetching = asyncio.create_task(fetch_in_thread(fetch))
    await asyncio.sleep(0)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    let_go.set()
    assert (await fetch_in_thread(lambda: Fetched("next"))).value == "next"


def test_a_library_is_silenced_unless_the_operator_wants_to_hear_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("wanted.library").setLevel(logging.WARNING)
    silence("some.library", "wanted.library")
    for name in ("some.library.client", "wanted.library.client"):
        logging.getLogger(name).error("the token was refused")
    assert [record.name for record in caplog.records] == ["wanted.library.client"]


def test_secrets_and_tokens_are_left_out_of_a_reason() -> None:
    secret = Secret("p4ssw0rd~with.dots")
    failure = FetchFailed(f"client_secret=p4ssw0rd~with.dots&client_assertion={JWT} refused\nat line 2", [secret])
    assert str(failure) == f"client_secret={MASK}&client_assertion={MASK} refused at line 2"


def test_an_empty_secret_hides_nothing() -> None:
    assert str(FetchFailed("a plain reason", [Secret("")])) == "a plain reason"


@pytest.mark.parametrize(
    "said",
    [
        "(AccessDenied) arn:aws:iam::123456789012:user/gateway is not authorized to perform: sts:AssumeRole",
        "[Errno 2] No such file: '/var/run/secrets/eks.amazonaws.com/serviceaccount/gateway-of-models/token'",
        "asking https://id.example.com/realms/platform-engineering/protocol/openid-connect/token/of/models failed",
    ],
)
def test_what_people_need_to_read_stays(said: str) -> None:
    assert str(FetchFailed(said)) == said


@pytest.mark.parametrize("before", ["", "token=", "token:", 'token: "', "Bearer "])
def test_a_long_token_is_left_out_wherever_it_stands(before: str) -> None:
    token = "IQoJb3JpZ2luX2VjEPf/wEaCXVzLWVhc3QtMSJHMEUCIQDk+Zx0" * 4 + "=="
    assert str(FetchFailed(f"refused {before}{token} here")) == f"refused {before}{MASK} here"


@given(st.text(), st.text(min_size=4, alphabet=st.characters(codec="ascii", categories=["L", "N"])), st.text())
def test_no_reason_holds_a_secret_or_a_second_line(before: str, secret: str, after: str) -> None:
    reason = str(FetchFailed(f"{before} {secret} {after}", [Secret(secret)]))
    assert secret not in reason or secret in MASK
    assert "\n" not in reason
    assert len(reason) <= LONGEST_REASON
