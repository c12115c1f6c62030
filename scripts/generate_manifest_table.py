"""Write the tables of ``docs/manifests.md``: every kind of resource and what becomes of each field, from the code.

What stands above the mark is written by hand. With ``--check`` nothing is written, and the exit status is 1 when the
page is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from penstock.config.manifests.parts import LocalRef, Manifest, ObjectRef, ParentRef, SecretRef, TargetRef
from penstock.config.manifests.registry import KINDS, NEEDLESS, UNSERVED
from penstock.config.manifests.support import meaning_of, part_of, remark_of
from scripts.generated_file import bring_up_to_date
from scripts.repository import ROOT

PAGE = ROOT / "docs" / "manifests.md"
MARK = "<!-- Below: written by scripts/generate_manifest_table.py from penstock.config.manifests; do not edit. -->"
_REFERENCES = (LocalRef, ObjectRef, ParentRef, SecretRef, TargetRef)
_COMMON = frozenset({"api_version", "kind", "metadata", "status"})


def render(old: str) -> str:
    """Return the page with the present tables."""
    parts = [old.partition(MARK)[0] + MARK, ""]
    for (group, kind), model in KINDS.items():
        parts += _render_kind(group, kind, model)
    parts += ["## Other kinds", ""]
    others = [f"`{kind}` ({why})" for (group, kind), why in UNSERVED.items() if (group, kind) not in KINDS]
    parts.append(f"Warned of: {', '.join(others)}.\n")
    skipped = ", ".join(f"`{kind}`" for _, kind in sorted(NEEDLESS))
    parts.append(f"Skipped, with a note: {skipped}, and every kind of other groups (`Deployment`, `Role` …).")
    return "\n".join(parts) + "\n"


def list_fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each field, and what becomes of it; what has parts is followed into them."""
    for name, field in model.model_fields.items():
        if not path and name in _COMMON:
            continue
        here = f"{path}.{field.alias or name}" if path else field.alias or name
        inner = part_of(field)
        remark = remark_of(field)
        if remark is not None:
            yield here, f"*{remark}*"
        elif meaning_of(field):
            yield here, meaning_of(field)
            if inner is not None and not issubclass(inner, _REFERENCES):
                yield from list_fields(inner, _inside(field, here))
        elif inner is not None:
            yield here, (inner.__doc__ or "").partition("\n")[0]
            if issubclass(inner, _REFERENCES):
                continue
            yield from list_fields(inner, _inside(field, here))
        else:
            yield here, "Used."


def _inside(field: FieldInfo, here: str) -> str:
    return f"{here}[]" if "list[" in str(field.annotation) else here


def _render_kind(group: str, kind: str, model: type[Manifest]) -> Iterator[str]:
    yield f"## {kind}"
    yield ""
    versions = " or ".join(f"`{group}/{version}`" if group else f"`{version}`" for version in model.versions)
    yield f"{versions}. {model.__doc__}"
    yield ""
    if (group, kind) in UNSERVED:
        yield f"Checked as strictly as the others; *no effect: {UNSERVED[group, kind]}*."
        yield ""
        return
    yield "| field | what becomes of it |"
    yield "| --- | --- |"
    for path, what in list_fields(model):
        yield f"| `{path}` | {what} |"
    yield ""


def refresh(page: Path, *, check: bool) -> int:
    """Bring the page up to date, or with ``check`` only say whether it is; returns the exit status."""
    return bring_up_to_date(page, render(page.read_text(encoding="utf-8")), check=check)


if __name__ == "__main__":
    sys.exit(refresh(PAGE, check="--check" in sys.argv[1:]))
