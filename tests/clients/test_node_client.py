"""The official Node client, and an agent framework: the tests in ``node/``, each reported by its name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from tests.clients.penstock_processes import CLIENT_KEY, Setting
from tests.clients.provider_rows import ROWS

FOLDER = Path(__file__).with_name("node")
NODE = shutil.which("node")
FEWEST_TESTS = {"openai": 40, "ai-sdk": 6 * len(ROWS)}
"""By file: a run of fewer tests has not run them all."""


@pytest.mark.parametrize("file", FEWEST_TESTS)
@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.skipif(not (FOLDER / "node_modules" / "ai").is_dir(), reason="`make node-sdks` has not been run")
def test_node(setting: Setting, subtests: pytest.Subtests, file: str) -> None:
    variables = {
        "BASE_URL": setting.base_url,
        "ADMIN_URL": setting.admin_url,
        "SIMULATOR_URL": setting.simulator_url,
        "CLIENT_KEY": CLIENT_KEY,
        "CHAT_MODELS": json.dumps([row.chat for row in ROWS.values()]),
    }
    command = [str(NODE), "--test", "--test-reporter=junit", f"{file}.test.mjs"]
    ran = subprocess.run(
        command, cwd=FOLDER, env=os.environ | variables, capture_output=True, text=True, check=False, timeout=110
    )
    assert ran.stdout, ran.stderr
    cases = list(fromstring(ran.stdout).iter("testcase"))
    for case in cases:
        with subtests.test(msg=case.attrib["name"]):
            failures = [failure.text or "" for failure in case.iter("failure")]
            assert not failures, "\n".join(failures)
    assert len(cases) >= FEWEST_TESTS[file]
    assert ran.returncode == 0, ran.stderr
