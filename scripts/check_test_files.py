"""Every source file has its test file: ``src/penstock/wire/x.py`` is tested in ``tests/wire/test_x.py``.

A folder that grew out of a module may also be tested as a whole: ``wire/x/stream.py`` in ``tests/wire/test_x.py``.
Exempt is what has nothing that could go wrong on its own; ``EXEMPT`` says why for each. Whether a test file tests well
is not seen here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.repository import python_files

EXEMPT: Mapping[str, str] = {
    "__init__.py": "a docstring and what is exported; a folder scan in one is tested with what it finds",
    "__main__.py": "one call, of what the command line's tests call",
    "providers/*.py": "declarations: the tests of the registry and of the vectors walk all of them",
    "endpoints/*.py": "declarations: the tests of the registry walk all of them",
    "core/endpoint.py": "declarations without code",
    "relay/plan.py": "a declaration without code",
    "relay/snapshot.py": "declarations; tested by everything that compiles to it",
    "transport/server_request.py": "the shape of a request: a Protocol without code",
}


def find(root: Path) -> Iterator[str]:
    """Yield one line for each source file without a test file, and for each exemption of a file that is not there."""
    package = root / "src" / "penstock"
    sources = [path.relative_to(package) for path in python_files(root, ("src",))]
    for source in sources:
        exempt = any(source.match(pattern) for pattern in EXEMPT)
        if not exempt and not any((root / place).is_file() for place in test_files(source)):
            yield f"src/penstock/{source}: no {' or '.join(map(str, test_files(source)))}"
    for pattern in EXEMPT:
        if not any(source.match(pattern) for source in sources):
            yield f"scripts/check_test_files.py: nothing matches the exemption {pattern!r}"


def test_files(source: Path) -> list[Path]:
    """Return where a module's tests may be; ``source`` is relative to the package."""
    places = [Path("tests") / source.parent / f"test_{source.stem}.py"]
    if len(source.parts) > 2:
        places.append(Path("tests") / source.parent.parent / f"test_{source.parent.name}.py")
    return places
