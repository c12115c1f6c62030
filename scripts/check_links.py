"""Every relative link in a Markdown page leads to a file that is there.

Addresses on the network are not tried, and neither are headings inside a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from scripts.repository import text_files

_LINK = re.compile(r"\]\(<?([^)\s>]+)")
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def find(root: Path) -> Iterator[str]:
    """Yield one line for each link that leads nowhere."""
    for path, text in text_files(root):
        if path.suffix == ".md":
            for target in _LINK.findall(_CODE.sub("", text)):
                place = target.split("#")[0]
                if place and "://" not in target and not target.startswith("mailto:"):
                    start = root if place.startswith("/") else path.parent
                    if not (start / place.lstrip("/")).exists():
                        yield f"{path.relative_to(root)}: nothing is at {target}"
