"""Which CPython to measure Penstock on: one that was built for speed, as those of distributions and of images are.

Envoy comes as an optimised build. A CPython compiled without profile-guided optimisation (pyenv's default) runs the
same code 10 to 20 % slower, so where the environment's own is such a one and the system has an optimised build of the
same version, that one is used, with the environment's packages. ``BENCH_PYTHON`` names another. The report says which.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

_DESCRIBE = "import platform; print(platform.python_version())"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A command and what it needs in its environment."""

    command: str
    build: str
    environment: dict[str, str] = field(default_factory=dict)


def is_optimised() -> bool:
    """Say whether this interpreter was built with profile-guided optimisation."""
    configured = str(sysconfig.get_config_var("CONFIG_ARGS"))
    return "--enable-optimizations" in configured or "-fprofile-use" in str(sysconfig.get_config_var("PY_CORE_CFLAGS"))


def choose() -> Interpreter:
    """Return the interpreter to measure on."""
    named = os.environ.get("BENCH_PYTHON")
    system = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    if named is None and not is_optimised() and system.exists():
        named = str(system)
    if named is None or Path(named) == Path(sys.executable):
        return Interpreter(
            sys.executable, f"CPython {sys.version.split()[0]}{'' if is_optimised() else ', not optimised'}"
        )
    version = subprocess.run([named, "-c", _DESCRIBE], capture_output=True, text=True, check=True).stdout.strip()
    packages = sysconfig.get_path("purelib")
    source = str(Path(__file__).parent.parent / "src")
    return Interpreter(named, f"CPython {version} ({named})", {"PYTHONPATH": os.pathsep.join((source, packages))})
