from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config.address import Address
from penstock.config.files import Files
from penstock.config.loaded import Overrides
from penstock.config.problems import ConfigurationInvalid
from penstock.config.source import Source, load


def test_files_are_read_again_and_the_command_line_still_wins(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    source = Source(files=(str(path),), overrides=Overrides(listen=(Address("127.0.0.1", 7),)))

    path.write_text("backends: {ollama: }\nmodels: {one: ollama}\n")
    first = load(source, {}, Files()).snapshot
    path.write_text("listen: 127.0.0.1:8\nbackends: {ollama: }\nmodels: {two: ollama}\n")
    second = load(source, {}, Files()).snapshot

    assert (list(first.models), list(second.models)) == (["one"], ["two"])
    assert second.listener.port == 7


def test_without_files_the_environment_is_the_configuration() -> None:
    assert list(load(Source(), {"GROQ_API_KEY": "sk-canary"}, Files()).snapshot.backends) == ["groq"]


def test_contents_that_were_handed_over_build_the_same_secrets_included(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("backends: {groq: {api_key: {file: groq.key}}}\nmodels: {one: groq}\n")
    (tmp_path / "groq.key").write_text("sk-canary-1\n")
    source = Source(files=(str(path),))
    here = Files()
    read = load(source, {}, here)
    path.write_text("broken since: [")
    (tmp_path / "groq.key").write_text("sk-canary-2\n")

    there = Files(here.contents)

    assert load(source, {}, there).snapshot == read.snapshot
    assert there.version() == here.version()


def test_a_file_that_is_refused_is_still_known(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("backends: {groq: {api_key: {file: groq.key}}}\n")
    files = Files()

    with pytest.raises(ConfigurationInvalid, match=r"groq\.key|cannot be read"):
        load(Source(files=(str(path),)), {}, files)

    assert set(files.stamps) == {str(path), str(tmp_path / "groq.key")}
