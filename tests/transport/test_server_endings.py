"""How conversations with a server end: by a defect, by callers that leave, by callers that are slow."""

from __future__ import annotations

import asyncio

import pytest

from penstock.core.errors import GatewayError
from penstock.transport.server_limits import ServerLimits
from penstock.transport.server_request import HeaderList, ServerRequest
from tests.transport.driven_server import driven_server
from tests.transport.handlers import Gate, Reader
from tests.transport.recording_app import RecordingApp

GET = b"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"


# --- defects of the application


async def fail(request: ServerRequest) -> None:
    raise RuntimeError("a defect")


def test_a_handler_that_raises_answers_500_and_the_connection_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with driven_server(RecordingApp(fail)) as server:
        server.feed(GET, GET)
        assert server.answers() == [(500, b"internal_error")] * 2
        assert not server.transport.closing
    assert "a defect" in caplog.text


def test_a_handler_that_raises_when_it_has_answered_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def answer_and_fail(request: ServerRequest) -> None:
        request.respond(200, [], b"fine")
        await asyncio.sleep(0)
        raise RuntimeError("a defect")

    with driven_server(RecordingApp(answer_and_fail)) as server:
        server.feed(GET + GET, GET)
        assert server.answers() == [(200, b"fine")] * 3
        assert not server.transport.closing
    assert "a defect" in caplog.text


def test_work_that_a_handler_shares_and_somebody_else_gives_up_is_a_defect(caplog: pytest.LogCaptureFixture) -> None:
    async def shares(request: ServerRequest) -> None:
        if len(server.app.asked) == 1:
            work = asyncio.ensure_future(asyncio.sleep(1000))
            asyncio.get_running_loop().call_soon(work.cancel)
            await asyncio.shield(work)
        request.respond(200, [], b"fine")

    with driven_server(RecordingApp(shares)) as server:
        server.feed(GET, GET)
        assert server.answers() == [(500, b"internal_error"), (200, b"fine")]
    assert "GET /a waited for was given up" in caplog.text


def test_a_head_check_that_raises_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    def check(request: ServerRequest) -> GatewayError | None:
        raise RuntimeError("a defect")

    app = RecordingApp(check=check)
    with driven_server(app) as server:
        server.feed(GET)
        assert server.answers() == [(500, b"internal_error")]
    assert "a defect" in caplog.text


def test_a_handler_that_forgets_to_answer_answers_500() -> None:
    async def forget(request: ServerRequest) -> None:
        pass

    with driven_server(RecordingApp(forget)) as server:
        server.feed(GET, GET)
        assert server.answers() == [(500, b"internal_error")] * 2


@pytest.mark.parametrize("sent", [[GET], [GET, b"nonsense\r\n\r\n"], [b"nonsense\r\n\r\n"]])
def test_an_error_that_cannot_be_told_ends_the_connection(sent: list[bytes], caplog: pytest.LogCaptureFixture) -> None:
    class Speechless(RecordingApp):
        def render_error(self, error: GatewayError, request: ServerRequest | None) -> tuple[HeaderList, bytes]:
            raise RuntimeError("no words")

    async def fail_later(request: ServerRequest) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("a defect")

    with driven_server(Speechless(fail_later)) as server:
        server.feed(*sent)
        assert server.transport.aborted
        assert server.written == b""
    assert "no words" in caplog.text


@pytest.mark.parametrize("length", [None, 10])
def test_a_handler_that_forgets_to_end_its_answer_cuts_it_visibly(length: int | None) -> None:
    async def forget(request: ServerRequest) -> None:
        request.begin(200, [], length)
        request.write_chunk(b"part")

    with driven_server(RecordingApp(forget)) as server:
        server.feed(GET)
        assert server.transport.closing
        assert not server.written.endswith(b"0\r\n\r\n")
        with pytest.raises(AssertionError, match="half an answer"):
            server.answers()


@pytest.mark.parametrize("body", [b"short", b"far too long"])
def test_an_answer_of_another_length_than_promised_ends_the_connection(body: bytes) -> None:
    async def misjudge(request: ServerRequest) -> None:
        request.begin(200, [], 7)
        request.write_chunk(body)
        request.end()

    with driven_server(RecordingApp(misjudge)) as server:
        server.feed(GET + GET)
        assert server.transport.closing
        assert len(server.app.asked) == 1


# --- callers that leave


def test_a_caller_that_leaves_cancels_its_handler() -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate)) as server:
        server.feed(GET + GET)
        server.leave()
        assert gate.cancelled == 1
        assert len(server.app.asked) == 1, "the one that waited is not begun"


def test_what_is_answered_to_a_caller_that_left_goes_nowhere() -> None:
    ends: list[bool] = []

    async def stubborn(request: ServerRequest) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            request.begin(200, [])
            request.write_chunk(b"x")
            request.couple(Reader())
            await request.drain()
            request.end()
            ends.append(request.gone)
            raise

    with driven_server(RecordingApp(stubborn)) as server:
        server.feed(GET)
        server.leave()
        assert ends == [True]
        assert server.written == b""


def test_a_handler_that_cuts_its_answer_is_not_cancelled_for_it() -> None:
    went: list[str] = []

    async def cut(request: ServerRequest) -> None:
        request.begin(200, [])
        request.write_chunk(b"part")
        request.abort()
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            went.append("on")
        except asyncio.CancelledError:
            went.append("cancelled")
            raise

    with driven_server(RecordingApp(cut)) as server:
        server.feed(GET + GET)
        assert went == ["on"]
        assert len(server.app.asked) == 1
        assert server.transport.closing


def test_an_answer_that_cannot_look_cut_is_reset() -> None:
    async def cut(request: ServerRequest) -> None:
        request.begin(200, [], 4)
        request.write_chunk(b"part")
        request.abort()

    with driven_server(RecordingApp(cut)) as server:
        server.feed(GET)
        assert server.transport.aborted


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
def test_a_caller_that_only_ends_its_sending_gets_the_answer_to_a_question(method: bytes) -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate)) as server:
        server.feed(method + b" /q HTTP/1.1\r\nHost: h\r\n\r\n")
        server.eof()
        gate.let()
        server.loop.spin()
        assert server.answers(method.decode())[0][0] == 200
        assert server.transport.closing


def test_a_caller_that_ends_its_sending_has_given_up_its_order() -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate)) as server:
        server.feed(POST)
        server.eof()
        assert gate.cancelled == 1


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"])
def test_a_caller_that_ends_in_the_middle_is_let_go(sent: bytes) -> None:
    with driven_server() as server:
        server.feed(sent) if sent else None
        server.eof()
        assert server.transport.closing
        assert server.app.asked == []


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_an_answer_that_is_ready_is_sent_although_the_caller_has_ended_its_sending(method: bytes) -> None:
    async def answer_as_it_ends(request: ServerRequest) -> None:
        request.respond(200, [], b"fine")
        assert not server.connection.eof_received()
        server.transport.close()

    with driven_server(RecordingApp(answer_as_it_ends)) as server:
        server.feed(method + b" / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert server.answers() == [(200, b"fine")]


def test_an_answer_that_is_ready_is_sent_although_the_server_drains() -> None:
    async def answer_as_it_drains(request: ServerRequest) -> None:
        request.respond(200, [], b"fine")
        server.connection.close_when_idle()

    with driven_server(RecordingApp(answer_as_it_drains)) as server:
        server.feed(GET)
        assert server.answers() == [(200, b"fine")]
        assert server.transport.closing


# --- slow callers


def test_a_slow_caller_pauses_who_feeds_its_answer() -> None:
    reader = Reader()
    requests: list[ServerRequest] = []

    async def stream(request: ServerRequest) -> None:
        requests.append(request)
        request.begin(200, [])
        request.couple(reader)
        await asyncio.get_running_loop().create_future()

    with driven_server(RecordingApp(stream)) as server:
        server.feed(GET)
        server.connection.pause_writing()
        assert reader.calls == ["pause"]
        server.connection.resume_writing()
        assert reader.calls == ["pause", "resume"]
        server.connection.pause_writing()
        late = Reader()
        requests[0].couple(late)
        assert late.calls == ["pause"], "who comes when the caller is slow must pause at once"
        requests[0].couple(None)
        server.connection.resume_writing()
        assert late.calls == ["pause"]


def test_drain_waits_for_a_slow_caller_and_not_for_one_that_left() -> None:
    steps: list[str] = []

    async def stream(request: ServerRequest) -> None:
        request.begin(200, [])
        await request.drain()
        steps.append("fast")
        server.connection.pause_writing()
        await request.drain()
        steps.append("drained")
        server.connection.pause_writing()
        await request.drain()

    with driven_server(RecordingApp(stream)) as server:
        server.feed(GET)
        assert steps == ["fast"]
        server.connection.resume_writing()
        server.loop.spin()
        assert steps == ["fast", "drained"]


def test_reading_pauses_when_enough_requests_wait() -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate), ServerLimits(pipelined_requests=2)) as server:
        server.feed(GET, GET)
        assert not server.transport.paused
        server.feed(GET)
        assert server.transport.paused
        gate.let()
        server.loop.spin()
        assert not server.transport.paused


def test_a_caller_that_does_not_take_its_answers_gets_no_more_of_them() -> None:
    with driven_server() as server:
        server.feed(GET)
        server.connection.pause_writing()
        server.feed(GET, GET)
        assert len(server.answers()) == 1, "answers to who does not read would pile up"
        server.connection.resume_writing()
        server.feed()
        assert len(server.answers()) == 3


@pytest.mark.parametrize("behind", [GET, b"nonsense\r\n\r\n"])
def test_what_waits_is_not_begun_while_the_caller_does_not_take_the_answer_before_it(behind: bytes) -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate)) as server:
        server.feed(GET + GET, behind)
        gate.let()
        server.loop.call_soon(server.connection.pause_writing)
        server.loop.spin()
        assert len(server.app.asked) == 1
        server.connection.resume_writing()
        assert len(server.app.asked) == 2


def test_a_refusal_waits_for_a_slow_caller_too() -> None:
    with driven_server() as server:
        server.feed(GET)
        server.connection.pause_writing()
        server.loop.call_soon(server.connection.data_received, b"nonsense\r\n\r\n")
        server.loop.spin()
        assert len(server.answers()) == 1
        server.connection.resume_writing()
        server.loop.spin()
        assert [status for status, _ in server.answers()] == [200, 501]


def test_more_pipelined_requests_than_may_wait_end_the_connection_in_order() -> None:
    gate = Gate()
    with driven_server(RecordingApp(gate), ServerLimits(pipelined_requests=2)) as server:
        server.feed(GET * 6)
        for _ in range(4):
            gate.let()
            server.loop.spin()
        assert [status for status, _ in server.answers()] == [200] * 4
        assert server.written.count(b"connection: close") == 1
        assert server.transport.closing
