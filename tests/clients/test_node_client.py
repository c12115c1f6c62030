"""The official Node client, end to end: the tests in ``node/openai.test.mjs``, each reported by its name."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from tests.clients.penstock_processes import CLIENT_KEY, Setting

FOLDER = Path(__file__).with_name("node")
NODE = shutil.which("node")
FEWEST_TESTS = 40
"""A run of fewer tests has not run them all."""


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.skipif(not (FOLDER / "node_modules" / "openai").is_dir(), reason="`make node-sdks` has not been run")
def test_the_node_client(setting: Setting, subtests: pytest.Subtests) -> None:
    variables = {
        "BASE_URL": setting.base_url,
        "ADMIN_URL": setting.admin_url,
        "SIMULATOR_URL": setting.simulator_url,
        "CLIENT_KEY": CLIENT_KEY,
    }
    command = [str(NODE), "--test", "--test-reporter=junit", "openai.test.mjs"]
    ran = subprocess.run(
        command, cwd=FOLDER, env=os.environ | variables, capture_output=True, text=True, check=False, timeout=110
    )
    assert ran.stdout, ran.stderr
    cases = list(fromstring(ran.stdout).iter("testcase"))
    for case in cases:
        with subtests.test(msg=case.attrib["name"]):
            failures = [failure.text or "" for failure in case.iter("failure")]
            assert not failures, "\n".join(failures)
    assert len(cases) >= FEWEST_TESTS
    assert ran.returncode == 0, ran.stderr
