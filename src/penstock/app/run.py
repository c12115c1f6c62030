"""Runs ``penstock serve`` to its end, in one process or in many."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence

from penstock.app.alone import serve_alone
from penstock.app.event_loop import log_to_standard_error, new_event_loop
from penstock.app.reloading import Candidate
from penstock.config.files import Files
from penstock.config.source import Source, load
from penstock.core.errors import OperatorError
from penstock.telemetry import process

log = logging.getLogger("penstock")


def read_first(source: Source) -> Candidate:
    """Read the configuration to start with.

    Raises:
        OperatorError: it is wrong, or there is none.
    """
    files = Files()
    return Candidate(load(source, os.environ, files), files)


def run(
    source: Source, first: Candidate, *, explanation: Sequence[str], log_level: str, workers: int, grace_s: float
) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status (0, or 1 when the start failed)."""
    log_to_standard_error(log_level)
    process.raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            if workers == 1:
                runner.run(serve_alone(source, first, explanation, grace_s))
            else:
                # What watches over workers is not imported where there is nobody to watch over.
                from penstock.app.supervised import serve_supervised  # noqa: PLC0415

                runner.run(
                    serve_supervised(source, first, explanation, workers=workers, grace_s=grace_s, log_level=log_level)
                )
    except OperatorError as error:
        log.error("%s", error)  # noqa: TRY400 - the operator's mistake, not a defect: no traceback
        return 1
    return 0
