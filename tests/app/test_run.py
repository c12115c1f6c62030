from __future__ import annotations

from pathlib import Path

import pytest

from penstock.app.run import read_first
from penstock.config.problems import ConfigurationInvalid
from penstock.config.source import Source


def test_the_first_configuration_knows_its_files(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("backends: {ollama: }\n")
    first = read_first(Source(files=(str(path),)))
    assert list(first.files.contents) == [str(path)]
    assert len(first.version) == 12
    path.write_text("backends: {}\n")
    with pytest.raises(ConfigurationInvalid):
        read_first(Source(files=(str(path),)))
