"""An event loop whose time moves only when a test says so."""

from __future__ import annotations

import asyncio


class ClockLoop(asyncio.SelectorEventLoop):
    """Runs what is ready, on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def spin(self) -> None:
        """Run what is ready, and what that makes ready, until nothing is."""
        while True:
            self.call_soon(self.stop)
            self.run_forever()
            if not self._ready:  # type: ignore[attr-defined]  # asyncio's queue of callbacks
                return

    def advance(self, seconds: float) -> None:
        """Let time pass, in steps that no timer of the transport is finer than."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(self.now + 0.05, until)
            self.spin()
