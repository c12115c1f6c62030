from __future__ import annotations

from pathlib import Path

import pytest

from bench import install_peers
from bench.install_peers import NotInstalled, Peer


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what was really installed, below a folder of its own."""
    done: list[str] = []

    def install(folder: Path, wanted: tuple[str, ...]) -> None:
        if "impossible" in wanted:
            raise NotInstalled("there is no such package")
        assert not folder.exists(), "an installation begins afresh"
        folder.mkdir()
        done.append(f"{folder.name} {wanted[0]}")

    monkeypatch.setattr(install_peers, "PEERS", tmp_path)
    peers = (Peer("first", ("one==1",), install), Peer("second", ("impossible",), install))
    monkeypatch.setattr(install_peers, "PEER_LIST", peers)
    return done


def test_what_is_there_is_not_installed_again(installed: list[str]) -> None:
    assert install_peers.main([]) == 0
    assert install_peers.main([]) == 0
    assert installed == ["first one==1"]


def test_another_version_is_installed_afresh(installed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    install_peers.main(["first"])
    newer = Peer("first", ("one==2",), install_peers.PEER_LIST[0].install)
    monkeypatch.setattr(install_peers, "PEER_LIST", (newer,))
    install_peers.main(["first"])
    assert installed == ["first one==1", "first one==2"]


def test_what_cannot_be_installed_is_named_and_fails_nothing(
    installed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert install_peers.main([]) == 0
    assert "second: LEFT OUT" in capsys.readouterr().out


def test_an_unknown_name_is_refused(installed: list[str]) -> None:
    assert install_peers.main(["third"]) == 2
    assert installed == []
