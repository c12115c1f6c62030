"""The client's protocol object: how bytes of an upstream become an answer, and how an exchange ends."""

from __future__ import annotations

import pytest

from penstock.transport.upstream_answer import AnswerHead, BodyReceiver
from tests.transport.driven_client import REQUEST, TIMEOUTS, DrivenClient, Taking, driven_client

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \t b \r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n"
BEGUN = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"
EMPTY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


# --- whole answers


@pytest.mark.parametrize("answer", [LENGTH, CHUNKED])
def test_an_answer_is_the_same_at_every_cut_and_frees_the_connection(answer: bytes) -> None:
    for at in range(1, len(answer)):
        for pieces in ([answer[:at], answer[at:]], [bytes([byte]) for byte in answer] if at == 1 else [answer]):
            with driven_client() as client:
                client.feed(*pieces)
                assert (client.taking.status, client.taking.body, client.taking.ends) == (200, b"hello", ["end"])
                assert client.freed == [True]
                assert client.open


def test_names_are_lower_case_and_values_have_no_space_around_them() -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        head = client.taking.head
        assert head is not None
        assert head.headers == [(b"content-length", b"5"), (b"x-a", b"b")]
        assert head.fields == dict(head.headers)


def test_an_answer_without_length_ends_with_the_connection() -> None:
    with driven_client() as client:
        client.feed(UNTIL_CLOSE, b"!")
        assert client.taking.ends == []
        client.end()
        assert (client.taking.body, client.taking.ends) == (b"hello!", ["end"])
        assert client.freed == [False]


def test_an_answer_without_length_that_breaks_is_not_whole() -> None:
    with driven_client() as client:
        client.feed(UNTIL_CLOSE)
        client.end(ConnectionResetError())
        assert client.taking.ends == ["upstream_broke_off"]


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_content_has_no_body_whatever_it_says(status: int) -> None:
    with driven_client() as client:
        client.feed(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status)
        assert (client.taking.status, client.taking.body, client.taking.ends) == (status, b"", ["end"])
        assert client.freed == [True]


def test_an_empty_answer_is_whole_with_its_head() -> None:
    with driven_client() as client:
        client.feed(EMPTY)
        assert (client.taking.body, client.taking.ends, client.freed) == (b"", ["end"], [True])


def test_interim_answers_are_skipped() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n"
    for pieces in ([interim + LENGTH], [interim, LENGTH], [bytes([byte]) for byte in interim + LENGTH]):
        with driven_client() as client:
            client.feed(*pieces)
            head = client.taking.head
            assert head is not None
            assert (head.status, head.headers[0][0], client.taking.body) == (200, b"content-length", b"hello")


def test_very_many_interim_answers_are_a_list_not_a_stack() -> None:
    with driven_client(max_head_bytes=1000) as client:
        client.feed(b"HTTP/1.1 100 Continue\r\n\r\n" * 5000 + LENGTH)
        assert client.taking.ends == ["end"]


def test_chunks_are_handed_on_as_they_came() -> None:
    with driven_client() as client:
        client.feed(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"1\r\n", b"d\r\n0\r\n\r\n"
        )
        assert client.taking.pieces == [(b"abc", b"3\r\nabc\r\n"), (b"d", None)]


def test_a_connection_serves_one_exchange_after_the_other() -> None:
    with driven_client() as client:
        for answer in (LENGTH, CHUNKED, EMPTY, LENGTH):
            taking = client.taking if client.connection.exchanges == 1 and not client.freed else client.send()
            client.feed(answer)
            assert taking.ends == ["end"]
        assert client.freed == [True] * 4
        assert client.transport.written == REQUEST * 4


def test_requests_of_one_turn_are_written_at_its_end() -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        client.connection.send([REQUEST[:9], REQUEST[9:]], Taking(), TIMEOUTS)
        assert client.transport.written == REQUEST, "of the first exchange"
        client.loop.spin()
        assert client.transport.written == REQUEST * 2


def test_an_answer_from_before_the_request_was_written_is_not_its_answer() -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        taking = Taking()
        client.connection.send([REQUEST], taking, TIMEOUTS)
        client.connection.data_received(LENGTH)
        client.loop.spin()
        assert taking.ends == ["upstream_unreachable"]
        assert taking.head is None
        assert not client.open
        assert client.transport.written == REQUEST, "the second request was never sent"


@pytest.mark.parametrize("exc", [None, ConnectionResetError()], ids=["closed", "reset"])
def test_a_request_whose_connection_is_lost_before_it_was_written_was_never_sent(exc: Exception | None) -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        taking = Taking()
        client.connection.send([REQUEST], taking, TIMEOUTS)
        client.connection.connection_lost(exc)
        client.loop.spin()
        assert taking.ends == ["upstream_unreachable"]
        assert client.transport.written == REQUEST, "of the first exchange"


def test_a_request_whose_connection_is_closing_when_it_would_be_written_was_never_sent() -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        taking = Taking()
        client.connection.send([REQUEST], taking, TIMEOUTS)
        client.transport.close()  # as an event loop does when the upstream has ended its sending
        client.connection.flush()
        assert taking.ends == ["upstream_unreachable"]
        assert client.transport.written == REQUEST, "of the first exchange"


def test_a_request_that_is_given_up_in_the_turn_of_its_sending_is_not_sent() -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        taking = Taking()
        client.connection.send([REQUEST], taking, TIMEOUTS)
        client.connection.cancel()
        client.loop.spin()
        assert not taking.ends
        assert client.transport.written == REQUEST


# --- connections that are not used again


@pytest.mark.parametrize(
    "answer",
    [
        LENGTH.replace(b"X-A: \t b", b"Connection: close"),
        LENGTH.replace(b"X-A: \t b", b"Connection: keep-alive, Close"),
        LENGTH.replace(b"HTTP/1.1", b"HTTP/1.0"),
        LENGTH + b"HTTP/1.1 200 OK\r\n",
        CHUNKED + b"x",
        EMPTY + b"\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n", 1),
    ],
)
def test_a_connection_in_doubt_is_closed_after_a_whole_answer(answer: bytes) -> None:
    with driven_client() as client:
        client.feed(answer)
        assert client.taking.ends == ["end"]
        assert not client.open
        assert client.freed[0] is False


def test_an_answer_that_comes_before_the_request_is_sent_ends_the_connection() -> None:
    with driven_client() as client:
        client.transport.unsent_bytes = 100
        client.feed(LENGTH)
        assert (client.taking.ends, client.open) == (["end"], False)


def test_an_upstream_that_speaks_unasked_is_closed() -> None:
    with driven_client() as client:
        client.feed(LENGTH, b"HTTP/1.1 408 Request Timeout\r\n\r\n")
        assert not client.open
        assert client.taking.ends == ["end"]


# --- answers that are not valid


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"\r\n\r\n",
        b"\r\n\r\n" * 5000,
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 000 OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 600 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"0" * 5000 + b"5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
        b"HTTP/1.1 200 " + b"a" * 70_000,
    ],
)
def test_an_answer_that_is_not_valid_is_refused_whole_and_in_pieces(answer: bytes) -> None:
    size = 1 if len(answer) < 1000 else 999
    for pieces in ([answer], [answer[at : at + size] for at in range(0, len(answer), size)]):
        with driven_client() as client:
            client.feed(*pieces)
            assert client.taking.ends == ["upstream_invalid"]
            assert client.taking.head is None
            assert not client.open


@pytest.mark.parametrize("body", [b"x\r\n", b"3\r\nabcd\r\n", b"3\nabc\r\n", b"-1\r\n", b"0\r\nnonsense\r\n\r\n"])
def test_a_body_that_is_not_valid_is_refused(body: bytes) -> None:
    with driven_client() as client:
        client.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", body)
        assert (client.taking.body[:2], client.taking.ends) == (b"ok", ["upstream_invalid"])


# --- answers that break off


@pytest.mark.parametrize("exc", [None, ConnectionResetError()])
@pytest.mark.parametrize("answer", [LENGTH, CHUNKED])
def test_an_answer_that_breaks_off_anywhere_is_not_whole(answer: bytes, exc: Exception | None) -> None:
    for at in range(len(answer)):
        with driven_client() as client:
            client.feed(*([answer[:at]] if at else []))
            client.end(exc)
            assert client.taking.ends == ["upstream_broke_off"]
            assert client.taking.error is not None
            began = client.taking.head is not None
            assert ("in the middle" if began else "before answering") in client.taking.error.message


# --- waits


def test_an_upstream_that_does_not_begin_to_answer_has_timed_out() -> None:
    with driven_client() as client:
        client.loop.advance(9.5)
        client.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2")
        client.loop.advance(0.4)
        assert client.taking.ends == []
        client.loop.advance(0.3)
        assert client.taking.ends == ["upstream_timeout"]
        assert client.taking.error is not None
        assert "did not begin to answer within 10 s" in client.taking.error.message


def test_an_upstream_that_stops_answering_has_timed_out() -> None:
    with driven_client() as client:
        client.feed(BEGUN)
        for _ in range(4):
            client.loop.advance(4)
            client.feed(b"1\r\nx\r\n")
        client.loop.advance(4.9)
        assert client.taking.ends == []
        client.loop.advance(0.3)
        assert client.taking.ends == ["upstream_timeout"]
        assert client.taking.error is not None
        assert "stopped answering for 5 s" in client.taking.error.message


def test_an_answer_that_drips_for_ever_has_timed_out() -> None:
    with driven_client() as client:
        client.feed(UNTIL_CLOSE)
        for _ in range(20):
            client.loop.advance(3)
            client.feed(b".")
        client.loop.advance(0.3)
        assert client.taking.ends == ["upstream_timeout"]
        assert client.taking.error is not None
        assert "did not finish its answer within 60 s" in client.taking.error.message


def test_an_idle_connection_has_no_deadline_of_its_exchange() -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        client.loop.advance(200)
        assert client.open
        assert client.taking.ends == ["end"]


# --- flow


def test_a_paused_upstream_is_not_waited_for_until_it_may_go_on() -> None:
    with driven_client() as client:
        client.feed(BEGUN)
        client.connection.pause_reading()
        assert client.transport.paused
        client.loop.advance(20)
        assert client.taking.ends == []
        client.connection.resume_reading()
        assert not client.transport.paused
        client.loop.advance(5.2)
        assert client.taking.ends == ["upstream_timeout"]


def test_who_takes_a_head_may_pause_at_once() -> None:
    class Slow(Taking):
        def on_head(self, head: AnswerHead) -> BodyReceiver | None:
            client.connection.pause_reading()
            return super().on_head(head)

    with driven_client() as client:
        client.feed(b"HTTP/1.1 204 No Content\r\n\r\n")
        slow = client.send(Slow())
        client.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        assert client.transport.paused
        client.connection.resume_reading()
        assert not client.transport.paused
        client.feed(b"hello")
        assert slow.ends == ["end"]


def test_a_paused_upstream_is_not_waited_for_for_ever() -> None:
    with driven_client() as client:
        client.feed(BEGUN)
        client.connection.pause_reading()
        client.loop.advance(61)
        assert client.taking.ends == ["upstream_timeout"]


def test_a_connection_goes_back_to_its_pool_unpaused() -> None:
    with driven_client() as client:
        client.feed(LENGTH[:-1])
        client.connection.pause_reading()
        client.connection.data_received(LENGTH[-1:])  # was read already when the pause came
        assert (client.taking.ends, client.freed, client.transport.paused) == (["end"], [True], False)


def test_pausing_what_is_not_answering_does_nothing() -> None:
    with driven_client() as client:
        client.connection.pause_reading()
        client.feed(LENGTH)
        client.connection.pause_reading()
        client.connection.resume_reading()
        assert not client.transport.paused
        client.connection.close()
        client.connection.pause_reading()
        client.connection.resume_reading()
        assert client.freed == [True]


# --- giving up


class GivingUp(Taking):
    """Cancels its exchange from within a call."""

    def __init__(self, client: DrivenClient, at: str) -> None:
        super().__init__()
        self.client = client
        self.at = at

    def on_head(self, head: AnswerHead) -> BodyReceiver | None:
        super().on_head(head)
        if self.at == "head":
            self.client.connection.cancel()
            return None
        return self

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        super().on_data(payload, framed)
        self.client.connection.cancel()


@pytest.mark.parametrize("answer", [LENGTH, CHUNKED, UNTIL_CLOSE, EMPTY])
@pytest.mark.parametrize("at", ["head", "data"])
def test_an_exchange_that_is_given_up_is_heard_of_no_more(answer: bytes, at: str) -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        taking = GivingUp(client, at)
        client.send(taking)
        client.feed(answer + b"more", b"and more")
        assert taking.ends == (["end"] if answer == EMPTY and at == "data" else [])
        assert not client.open


def test_a_receiver_that_takes_no_body_ends_the_connection() -> None:
    with driven_client() as client:
        client.feed(LENGTH)
        taking = Taking(takes_body=False)
        client.send(taking)
        client.feed(LENGTH)
        assert taking.ends == []
        assert not client.open


def test_a_cancelled_exchange_is_cut_at_once() -> None:
    with driven_client() as client:
        client.connection.cancel()
        assert client.transport.aborted
        client.loop.spin()
        assert client.taking.ends == []
