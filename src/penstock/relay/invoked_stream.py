"""A stream of the caller's own format that the host has put into AWS frames: taken out, and relayed as it is.

Bedrock's InvokeModelWithResponseStream sends Anthropic's events this way. What passes on is in ``streaming``.
"""

from __future__ import annotations

from penstock.core.errors import UpstreamFault
from penstock.relay.answer import Answer
from penstock.relay.headers import EVENTS_LINE
from penstock.relay.stream_events import EventCutter, FramedError
from penstock.relay.streaming import StreamRelay
from penstock.transport.upstream_answer import AnswerHead
from penstock.wire.framing.invoke_stream import as_named_event


class InvokedStream:
    """Takes the body, and hands what is in its frames to a ``StreamRelay``."""

    __slots__ = ("_answer", "_cutter", "_failed", "_relay")

    def __init__(self, answer: Answer, head: AnswerHead) -> None:
        """Begin; nothing is sent before the first event."""
        answer.replace_body(EVENTS_LINE)
        head.fields.pop(b"content-encoding", None)  # what is in the frames is not compressed
        self._answer = answer
        self._relay = StreamRelay(answer, head)
        self._cutter = EventCutter("invoke", answer.limits.event_bytes)
        self._failed = False

    def on_data(self, payload: bytes, framed: bytes | None) -> None:
        """Pass on the events that are whole."""
        if self._failed:
            return
        events: list[bytes] = []
        failure: UpstreamFault | None = None
        try:
            events.extend(as_named_event(data) for _, data in self._cutter.feed(payload))
        except FramedError:
            failure = self._answer.invalid("reported an error in its stream")
        except (ValueError, RecursionError):
            failure = self._answer.invalid("sent a stream that cannot be read")
        if events:
            self._relay.on_data(b"".join(events), None)
        if failure is not None:
            self.on_failure(failure)

    def on_end(self) -> None:
        """The body has ended."""
        if self._failed:
            return
        try:
            for _ in self._cutter.rest():
                pass
        except ValueError:
            self.on_failure(self._answer.invalid("sent a stream that cannot be read"))
        else:
            self._relay.on_end()

    def on_failure(self, error: UpstreamFault) -> None:
        """The rest will not come, or cannot be read."""
        if not self._failed:
            self._failed = True
            self._relay.on_failure(error)
