"""No package registry's address and no path of somebody's machine in any file of the repository.

Locks and documents must hold on every machine, whatever registry it uses. The words to look for are put together here
from pieces, and asked from pip, npm and the place of this checkout, so that this file holds none of them itself.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scripts.repository import ROOT, text_files

DEFAULT_REGISTRIES = tuple(".".join(name) for name in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")))
SOMEBODYS_FOLDERS = (*(f"/{folder}/[a-z]" for folder in ("home", "Users")), r"/root/\.")


def find(root: Path) -> Iterator[str]:
    """Yield one line for each line of a file that names a registry or a machine's path."""
    hosts = [re.escape(host) for host in (*DEFAULT_REGISTRIES, *_configured_registries())]
    paths = [*SOMEBODYS_FOLDERS, *map(re.escape, _this_place())]
    pattern = re.compile("|".join([f"(?i:{'|'.join(hosts)})", *(rf"(?<![\w.-]){path}" for path in paths)]))
    for path, text in text_files(root):
        for number, line in enumerate(text.splitlines(), 1):
            if found := pattern.search(line):
                yield f"{path.relative_to(root)}:{number}: names {found[0]!r}"


@cache
def _configured_registries() -> tuple[str, ...]:
    """Return the hosts that pip and npm use on this machine."""
    hosts: set[str] = set()
    for command in ([sys.executable, "-m", "pip", "config", "list"], ["npm", "config", "get", "registry"]):
        if shutil.which(command[0]):
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            hosts |= set(re.findall(r"https?://([^/\s:'\"]+)", answer.stdout))
    return tuple(hosts - {"localhost", "127.0.0.1"})


def _this_place() -> tuple[str, ...]:
    """Return the path of this checkout, and of its surroundings unless those are anybody's."""
    around = ROOT.parent
    shared = {Path("/"), Path(tempfile.gettempdir()), Path.home(), Path.home().parent}
    return (f"{ROOT}/",) if around in shared else (f"{ROOT}/", f"{around}/")
