"""A credential that is there when a request needs it: renewed early, fetched once at a time, kept when that fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import CredentialUnavailable
from penstock.upstream_auth.fetching import Fetched
from tests.transport.clock_loop import ClockLoop
from tests.upstream_auth.credential_scene import POLICY, Scene


@pytest.fixture
def loop() -> Iterator[ClockLoop]:
    loop = ClockLoop()
    yield loop
    loop.close()


@pytest.fixture
def scene(loop: ClockLoop) -> Iterator[Scene]:
    scene = Scene(loop)
    yield scene
    scene.close()


def test_before_the_first_fetch_there_is_nothing(scene: Scene) -> None:
    with pytest.raises(CredentialUnavailable, match="no valid Test credential") as caught:
        scene.source.current()
    assert caught.value.detail == "there is none"


def test_the_first_request_waits_for_the_first_credential(scene: Scene) -> None:
    scene.start()
    waiting = scene.task(scene.source.ready())
    assert not waiting.done()
    scene.give("one")
    assert waiting.result() == scene.source.current() == "one"


def test_a_request_before_the_start_begins_the_fetch(scene: Scene) -> None:
    waiting = scene.task(scene.source.ready())
    scene.give("one")
    assert waiting.result() == "one"


def test_however_many_wait_there_is_one_fetch(scene: Scene) -> None:
    scene.start()
    waiting = [scene.task(scene.source.ready()) for _ in range(100)]
    scene.renew()
    scene.start()
    assert len(scene.begun) == 1
    scene.give("one")
    assert {task.result() for task in waiting} == {"one"}
    assert len(scene.begun) == 1


def test_a_waiting_request_that_leaves_does_not_stop_the_fetch_for_the_others(scene: Scene) -> None:
    leaving, staying = scene.task(scene.source.ready()), scene.task(scene.source.ready())
    leaving.cancel()
    scene.loop.spin()
    assert leaving.cancelled()
    scene.give("one")
    assert staying.result() == "one"


def test_a_credential_is_renewed_ahead_of_its_expiry_and_used_meanwhile(scene: Scene) -> None:
    scene.start()
    scene.give("one", 3600)
    due = scene.loop.now + 3600 - POLICY.ahead_s
    scene.loop.advance(3600 - POLICY.ahead_s - 1)
    assert len(scene.begun) == 1
    scene.loop.advance(1.1)
    assert scene.begun[1] == pytest.approx(due, abs=0.1)
    assert scene.source.current() == "one"
    scene.give("two")
    assert scene.source.current() == "two"


def test_a_credential_whose_renewal_fails_is_used_until_it_expires(scene: Scene) -> None:
    scene.start()
    scene.give("one", 600)
    end = scene.loop.now + 600
    scene.loop.advance(600 - POLICY.ahead_share * 600)
    while scene.loop.now < end - 1:
        if scene.waiting:
            scene.fail()
        assert scene.source.current() == "one"
        scene.loop.advance(1)
    scene.loop.advance(1.1)
    with pytest.raises(CredentialUnavailable):
        scene.source.current()


def test_failed_fetches_are_repeated_with_growing_waits_and_never_in_a_loop(scene: Scene) -> None:
    scene.start()
    while len(scene.begun) < 11:
        if scene.waiting:
            scene.fail()
        scene.loop.advance(0.05)
    waits = [after - before for before, after in zip(scene.begun, scene.begun[1:], strict=False)]
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60, 60], abs=0.2)


def test_while_it_backs_off_requests_are_refused_at_once_and_ask_nobody(scene: Scene) -> None:
    scene.start()
    scene.fail("the token server says no")
    refused = [scene.task(scene.source.ready()) for _ in range(50)]
    for task in refused:
        with pytest.raises(CredentialUnavailable) as caught:
            task.result()
        assert caught.value.detail == "the token server says no"
        assert "token server" not in caught.value.message
    assert len(scene.begun) == 1


def test_what_failed_at_first_is_obtained_later_without_a_request(scene: Scene) -> None:
    scene.start()
    scene.fail()
    assert scene.source.failure == "no answer"
    scene.loop.advance(POLICY.first_retry_s + 0.1)
    scene.give("one")
    assert scene.source.current() == "one"
    assert scene.source.failure == ""


def test_waiting_for_a_fetch_that_hangs_has_an_end(scene: Scene) -> None:
    waiting = scene.task(scene.source.ready())
    scene.loop.advance(POLICY.wait_s + 0.1)
    with pytest.raises(CredentialUnavailable):
        waiting.result()
    again = scene.task(scene.source.ready())
    assert len(scene.begun) == 1, "the fetch that hangs is not joined by another"
    scene.give("late")
    assert again.result() == "late"


def test_what_is_given_expired_counts_as_a_failure(scene: Scene) -> None:
    scene.start()
    scene.give("old", -1)
    assert "expired" in scene.source.failure
    with pytest.raises(CredentialUnavailable):
        scene.source.current()


def test_a_source_that_answers_with_the_same_token_is_not_asked_in_a_loop(scene: Scene) -> None:
    scene.start()
    end = scene.loop.now + 3600
    while scene.loop.now < end - 1:
        if scene.waiting:
            scene.give("same", end - scene.loop.now)
        scene.loop.advance(1)
    assert len(scene.begun) < 10


def test_a_credential_that_lapsed_while_the_machine_slept_is_fetched_by_the_next_request(loop: ClockLoop) -> None:
    scene = Scene(loop, held=Fetched("old", loop.now + 100))
    loop.now += 200  # no timer ran
    with pytest.raises(CredentialUnavailable) as caught:
        scene.source.current()
    assert caught.value.detail == "the last one has expired"
    waiting = scene.task(scene.source.ready())
    scene.give("new")
    assert waiting.result() == "new"
    scene.close()


def test_a_credential_of_no_length_is_not_fetched_for_every_request(scene: Scene) -> None:
    scene.start()
    scene.give("brief", 0.5)
    scene.loop.advance(1)
    for _ in range(20):
        with pytest.raises(CredentialUnavailable):
            scene.task(scene.source.ready()).result()
    assert len(scene.begun) == 1
    scene.loop.advance(POLICY.pause_s)
    assert len(scene.begun) == 2


def test_a_refused_credential_is_renewed_but_not_for_every_refusal(scene: Scene) -> None:
    scene.start()
    scene.give("revoked")
    for _ in range(20):
        scene.renew()
    assert len(scene.begun) == 1, "it has only just been fetched"
    scene.loop.advance(POLICY.renew_pause_s)
    for _ in range(20):
        scene.renew()
    assert len(scene.begun) == 2
    assert scene.source.current() == "revoked"
    scene.give("accepted")
    assert scene.source.current() == "accepted"


def test_what_never_expires_is_never_fetched_again(scene: Scene) -> None:
    scene.start()
    scene.give("static", None)
    scene.loop.advance(600)
    assert len(scene.begun) == 1
    assert scene.source.expires_at is None


def test_what_stands_in_a_file_is_read_again_and_kept_when_that_fails(scene: Scene) -> None:
    scene.start()
    scene.give("one", None, read_again_s=300)
    scene.loop.advance(300.1)
    scene.fail("the file is being replaced")
    assert scene.source.current() == "one"
    scene.loop.advance(POLICY.first_retry_s + 0.1)
    scene.give("two", None, read_again_s=300)
    assert scene.source.current() == "two"


def test_what_is_known_from_the_beginning_is_not_fetched(loop: ClockLoop) -> None:
    scene = Scene(loop, held=Fetched("static"))
    scene.start()
    assert scene.source.current() == "static"
    assert not scene.begun
    scene.close()


def test_a_closed_source_fetches_no_more_and_keeps_serving_what_it_has(scene: Scene) -> None:
    scene.start()
    scene.give("one", 3600)
    scene.close()
    scene.loop.advance(3500)
    assert len(scene.begun) == 1
    assert scene.source.current() == "one"
    scene.start()
    scene.renew()
    scene.loop.advance(101)
    with pytest.raises(CredentialUnavailable):
        scene.task(scene.source.ready()).result()
    assert len(scene.begun) == 1


ACTIONS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 10, 100, 1000])),
    st.tuples(st.just("give"), st.sampled_from([-1, 1, 60, 900, 3600])),
    st.tuples(st.sampled_from(["fail", "renew", "request"]), st.just(0)),
)


@given(st.lists(ACTIONS, max_size=25))
def test_whatever_happens_there_is_one_fetch_and_what_is_valid_is_served(actions: list[tuple[str, int]]) -> None:
    loop = ClockLoop()
    scene = Scene(loop)
    scene.start()
    valid_until = 0.0
    for action, number in actions:
        if action == "wait":
            loop.now += number - 0.1
            loop.advance(0.1)
        elif action == "give" and scene.waiting:
            scene.give("token", number)
            valid_until = loop.now + number if number > 0 else valid_until
        elif action == "fail" and scene.waiting:
            scene.fail()
        elif action == "renew":
            scene.renew()
        elif action == "request":
            scene.task(scene.source.ready()).cancel()
        assert len(scene.waiting) <= 1
        if loop.now < valid_until:
            assert scene.source.current() == "token"
        else:
            with pytest.raises(CredentialUnavailable):
                scene.source.current()
    assert scene.waiting or scene.source._timer, "there is always a fetch under way or to come"
    assert len(scene.begun) <= 1 + len(actions)
    scene.close()
    loop.spin()
    loop.close()


def test_closing_ends_the_wait_of_those_who_wait(scene: Scene) -> None:
    waiting = scene.task(scene.source.ready())
    scene.close()
    scene.loop.spin()
    with pytest.raises(CredentialUnavailable):
        waiting.result()
    assert scene.waiting[0].cancelled()
    scene.waiting.clear()


def test_the_log_says_why_what_is_in_use_and_when_it_works_again(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        scene.start()
        scene.fail("connection refused")
        scene.loop.advance(1.1)
        scene.give("one", 1000)
        scene.loop.advance(1000 - POLICY.ahead_s)
        scene.fail("access denied")
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "Test credential: not obtained (connection refused); there is none; asking again in 1.0 s"
    assert said[1] == "Test credential: obtained again (failed before: 1)"
    assert said[2].startswith("Test credential: not obtained (access denied); the present one is valid for 2")
