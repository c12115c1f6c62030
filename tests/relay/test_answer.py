from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from penstock.core.endpoint import AnswerFacts
from penstock.core.errors import UpstreamTimeout
from penstock.core.usage import UNREPORTED, Usage
from penstock.endpoints import all_endpoints
from penstock.relay.answer import Answer
from penstock.relay.backend_client import BackendClient
from penstock.relay.exchange import Exchange
from penstock.relay.snapshot import Limits
from penstock.transport.deadlines import Deadlines
from tests.relay.served_gateway import backend_at


@pytest.fixture
async def answer() -> Answer:
    loop = asyncio.get_running_loop()
    exchange = Exchange(cast(Any, SimpleNamespace()), 0.0)
    client = BackendClient(backend_at(1), loop, Deadlines(loop), 65536)
    return Answer(exchange, all_endpoints()["/v1/chat/completions"], client, cast(Any, None), Limits())


async def test_an_answer_finishes_once(answer: Answer) -> None:
    answer.finish()
    answer.finish(UpstreamTimeout("too late"))
    await answer.outcome()
    assert answer.error is None


async def test_a_failure_is_raised_where_the_answer_is_waited_for(answer: Answer) -> None:
    answer.finish(UpstreamTimeout("late"))
    with pytest.raises(UpstreamTimeout):
        await answer.outcome()


async def test_a_later_report_of_usage_wins_and_silence_changes_nothing(answer: Answer) -> None:
    answer.note(AnswerFacts(usage=Usage(input_tokens=1)))
    answer.note(AnswerFacts(usage=Usage(input_tokens=2)))
    answer.note(AnswerFacts(usage=UNREPORTED))
    assert answer.exchange.usage == Usage(input_tokens=2)


async def test_finish_reasons_of_several_choices_are_all_kept(answer: Answer) -> None:
    answer.note(AnswerFacts(finish_reasons=("stop",)))
    answer.note(AnswerFacts(finish_reasons=("length", "stop")))
    assert answer.exchange.finish_reasons == ("stop", "length", "stop")


async def test_an_invalid_answer_names_the_backend(answer: Answer) -> None:
    assert answer.invalid("said nonsense").message == "The backend 'up' said nonsense."


async def test_what_is_kept_of_finish_reasons_is_bounded_and_empty_ones_are_none(answer: Answer) -> None:
    for _ in range(1000):
        answer.note(AnswerFacts(finish_reasons=("", "x" * 100_000)))
    kept = answer.exchange.finish_reasons
    assert 100 < len(kept) < 1000
    assert all(0 < len(reason) < 100 for reason in kept)
