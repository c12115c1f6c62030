"""What is passed on as it is, compiled to what a request looks up.

Problems are collected, not raised, so that one run names every mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from penstock.config.compile_models import build_conditions, build_retry, build_rule_timeouts, find_backend
from penstock.config.passthrough_section import HeaderChangesSection, PassageSection
from penstock.config.problems import Findings
from penstock.config.yaml_tree import KeyPath
from penstock.core.upstream_credentials import AwsCredentials
from penstock.endpoints import all_endpoints
from penstock.relay.local_answers import is_models_path
from penstock.relay.snapshot import Backend, HeaderChanges, Passage, Target
from penstock.routing.path_table import PathEntry, PathTable
from penstock.routing.route_table import HeaderCondition

_Wanted = tuple[str, str, bool, frozenset[str], tuple[HeaderCondition, ...]]
"""Which requests an entry wants: host, path, whether that is the whole path, methods, headers."""


def build_passages(
    sections: Sequence[PassageSection], backends: Mapping[str, Backend], findings: Findings
) -> PathTable[Passage] | None:
    """Return the table of every entry; None when there are none."""
    entries: list[PathEntry[Passage]] = []
    names: set[str] = set()
    taken: dict[_Wanted, str] = {}
    for number, section in enumerate(sections):
        here: KeyPath = ("passthrough", number)
        if section.name in names:
            findings.error((*here, "name"), f'there is another entry "{section.name}"')
        names.add(section.name)
        _warn_of_endpoints(section, here, findings)
        targets = _build_targets(section, here, backends, findings)
        if targets:
            built = list(_build_entries(section, targets))
            _warn_if_never_reached(built, taken, here, findings)
            entries += built
    return PathTable.build(entries) if sections else None


def _build_entries(section: PassageSection, targets: tuple[Target, ...]) -> Iterator[PathEntry[Passage]]:
    path = section.exact_path or (section.path or "").rstrip("/")
    rewrite = section.rewrite
    passage = Passage(
        name=section.name,
        targets=targets,
        owned_by="",
        created=0,
        listed=False,
        retry=build_retry(section.retry),
        timeouts=build_rule_timeouts(section.timeouts),
        path=path,
        new_prefix=rewrite.prefix,
        new_path=rewrite.path,
        host=rewrite.host,
        request=_build_changes(section.request_headers),
        answer=_build_changes(section.answer_headers),
        forwards_credentials=section.forward_credentials,
    )
    for host in section.hostnames or [""]:
        yield PathEntry(
            rule=passage,
            path=path,
            exact=section.exact_path is not None,
            host=host.lower(),
            methods=frozenset(section.methods),
            headers=tuple(build_conditions(section.headers, section.header_regex)),
        )


def _warn_if_never_reached(
    built: Sequence[PathEntry[Passage]], taken: dict[_Wanted, str], here: KeyPath, findings: Findings
) -> None:
    """Warn of an entry all of whose requests earlier ones take, since they want just the same."""
    conditions: list[_Wanted] = [(each.host, each.path, each.exact, each.methods, each.headers) for each in built]
    earlier = dict.fromkeys(taken[each] for each in conditions if each in taken)
    if all(each in taken for each in conditions):
        findings.warning(here, f"is never reached: its requests go to {' and '.join(earlier)}")
    taken.update((each, entry.rule.name) for each, entry in zip(conditions, built, strict=True) if each not in taken)


def _build_changes(section: HeaderChangesSection) -> HeaderChanges:
    return HeaderChanges(
        set=_encode(section.set),
        add=_encode(section.add),
        remove=frozenset(name.lower().encode() for name in section.remove),
    )


def _encode(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers.items())


def _build_targets(
    section: PassageSection, here: KeyPath, backends: Mapping[str, Backend], findings: Findings
) -> tuple[Target, ...]:
    """Return the targets; none when one of them is wrong."""
    targets: list[Target] = []
    for index, each in enumerate(section.targets):
        path: KeyPath = (*here, "targets", index)
        backend = find_backend(each.backend, path, backends, findings)
        if backend is None:
            continue
        if isinstance(backend.credentials, AwsCredentials):
            findings.error((*path, "backend"), "requests to it are signed, which those that are passed on cannot be")
            continue
        if backend.mutations.set_body or backend.mutations.remove_body:
            findings.warning(
                (*path, "backend"), "its set_body and remove_body have no effect here: bodies are not read"
            )
        targets.append(
            Target(
                backend=backend,
                model=None,
                weight=each.weight,
                priority=each.priority,
                mutations=backend.mutations,
            )
        )
    if len(targets) < len(section.targets):
        return ()
    if len(targets) > 1 and not any(target.weight for target in targets):
        findings.error((*here, "targets"), "all have the weight 0, so that none would ever serve")
    return tuple(targets)


def _warn_of_endpoints(section: PassageSection, here: KeyPath, findings: Findings) -> None:
    """Warn of a path that the API's own endpoint has: requests for it never get here."""
    name = "path" if section.path is not None else "exact_path"
    path = (section.path or section.exact_path or "").rstrip("/")
    if path in all_endpoints() or is_models_path(path):
        findings.warning((*here, name), f"requests for {path} itself go to the API's endpoint of this path")
