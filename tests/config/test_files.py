"""Files are read once, and what was read builds the same configuration elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config.files import Files, stamp


def test_what_was_looked_at_is_known_whether_it_was_there_or_not(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "cert").touch()
    files = Files()

    assert files.read(tmp_path / "a", 100) == b"one"
    files.check(tmp_path / "cert")
    with pytest.raises(FileNotFoundError):
        files.read(tmp_path / "b", 100)
    with pytest.raises(FileNotFoundError):
        files.check(tmp_path / "c")

    assert set(files.stamps) == {str(tmp_path / name) for name in ("a", "b", "c", "cert")}
    assert files.stamps == {path: stamp(path) for path in files.stamps}
    assert [path for path, found in files.stamps.items() if found] == [str(tmp_path / "a"), str(tmp_path / "cert")]
    assert files.contents == {str(tmp_path / "a"): b"one"}


def test_a_file_that_changes_has_another_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    seen = [stamp(str(path))]
    path.write_bytes(b"other")
    seen.append(stamp(str(path)))
    (tmp_path / "new").write_bytes(b"other")
    (tmp_path / "new").replace(path)
    seen.append(stamp(str(path)))
    path.unlink()
    seen.append(stamp(str(path)))

    assert len(set(seen)) == 4
    assert stamp("a\0b") is None


def test_given_contents_stand_for_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"changed since")
    (tmp_path / "b").write_bytes(b"new since")
    files = Files({str(tmp_path / "a"): b"as it was"})

    assert files.read(tmp_path / "a", 100) == b"as it was"
    with pytest.raises(FileNotFoundError):
        files.read(tmp_path / "b", 100)


def test_a_folder_is_known_by_its_files_here_and_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    for name in ("b.yaml", "a.yml", "notes.txt"):
        (folder / name).write_text(name)
    (folder / "deeper.yaml").mkdir()
    here = Files()
    listed = here.in_folder(folder, (".yaml", ".yml"))
    assert listed == [str(folder / "a.yml"), str(folder / "b.yaml")]
    assert here.in_folder(folder / "b.yaml", (".yaml",)) is None
    for path in listed:
        here.read(Path(path), 100)
    (folder / "c.yaml").touch()
    assert stamp(str(folder)) != here.stamps[str(folder)]

    there = Files(here.contents)

    assert there.in_folder(folder, (".yaml", ".yml")) == listed
    assert there.in_folder(folder / "b.yaml", (".yaml", ".yml")) is None


def test_versions_differ_when_contents_or_names_do_and_not_with_the_folder(tmp_path: Path) -> None:
    versions = []
    for folder, name, content in (("x", "a", "1"), ("y", "a", "1"), ("z", "a", "2"), ("z", "b", "1")):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        files = Files()
        files.read(path, 100)
        versions.append(files.version())

    assert Files().version() == "environment"
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3
