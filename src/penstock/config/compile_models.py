"""Models, patterns and routes of a configuration, compiled to what a request looks up.

Both say where requests go: ``models`` by name alone, ``routes`` also by host and headers. Problems are collected, not
raised, so that one run names every mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from penstock.config.document import (
    BackendSection,
    MatchSection,
    ModelSection,
    RouteSection,
    RuleSection,
    TargetSection,
)
from penstock.config.problems import Findings
from penstock.config.retry_section import RetrySection, RuleTimeoutsSection
from penstock.config.similar_names import hint
from penstock.config.yaml_tree import KeyPath
from penstock.providers import PLAIN_HTTP
from penstock.relay.snapshot import NO_MUTATIONS, Backend, Model, Mutations, Retry, RuleTimeouts, Target
from penstock.routing.name_pattern import is_pattern
from penstock.routing.route_table import Entry, HeaderCondition, RouteTable


def build_models(
    sections: Mapping[str, ModelSection], backends: Mapping[str, Backend], findings: Findings
) -> dict[str, Model]:
    """Return models and patterns by name, those that are whole."""
    models: dict[str, Model] = {}
    for name, section in sections.items():
        targets = _build_targets(name, section.targets, ("models", name, "targets"), backends, findings)
        if targets:
            models[name] = Model(
                name=name,
                targets=targets,
                owned_by=section.owned_by or targets[0].backend.provider.id,
                created=section.created,
                listed=section.listed and not is_pattern(name),
                losses=section.losses,
                retry=build_retry(section.retry),
            )
    if not sections and not findings.breaks_under(("models",)):
        findings.error(("models",), "at least one model is needed; leave models out for the providers' own names")
    return models


_Wanted = tuple[str, str | None, re.Pattern[str] | None, tuple[HeaderCondition, ...]]
"""Which requests a match wants: host, model, expression for the model, headers."""


def build_routes(
    sections: Sequence[RouteSection], backends: Mapping[str, Backend], findings: Findings
) -> RouteTable[Model] | None:
    """Return the table of every rule; None when there are no routes."""
    entries: list[Entry[Model]] = []
    names: set[str] = set()
    taken: dict[_Wanted, str] = {}
    for number, route in enumerate(sections):
        if route.name in names:
            findings.error(("routes", number, "name"), f'there is another route "{route.name}"')
        names.add(route.name)
        entries.extend(_build_entries(route, number, backends, taken, findings))
    return RouteTable.build(entries) if sections else None


def warn_of_hidden_models(models: Iterable[str], routes: RouteTable[Model], findings: Findings) -> None:
    """Warn of models that nobody gets, since a rule takes every request before they are looked at."""
    taker = next((each.rule.name for each in routes.entries() if _wanted(each) == ("", None, None, ())), None)
    for name in models if taker is not None else ():
        findings.warning(("models", name), f"is never reached: the rule {taker} takes every request")


def warn_of_idle_backends(rules: Iterable[Model], backends: Mapping[str, Backend], findings: Findings) -> None:
    """Warn of backends that nothing leads to."""
    if findings.failed:
        return
    used = {target.backend.name for model in rules for target in model.targets}
    for name in backends:
        if name not in used:
            findings.warning(("backends", name), "no model leads to this backend")


def build_mutations(section: BackendSection | TargetSection, set_headers: Mapping[str, str]) -> Mutations:
    """Return what a section wants changed."""
    found = Mutations(
        set_headers=tuple((name.lower(), value) for name, value in set_headers.items()),
        remove_headers=frozenset(name.lower() for name in section.remove_headers),
        set_body=tuple((name, msgspec.json.encode(value)) for name, value in section.set_body.items()),
        remove_body=frozenset(section.remove_body),
    )
    return NO_MUTATIONS if found == NO_MUTATIONS else found


def _merge(backend: Mutations, rule: Mutations) -> Mutations:
    """Return both together: what the rule sets wins, what either removes is removed."""
    if rule is NO_MUTATIONS:
        return backend
    return Mutations(
        set_headers=tuple({**dict(backend.set_headers), **dict(rule.set_headers)}.items()),
        remove_headers=backend.remove_headers | rule.remove_headers,
        set_body=tuple({**dict(backend.set_body), **dict(rule.set_body)}.items()),
        remove_body=backend.remove_body | rule.remove_body,
    )


def _build_entries(
    route: RouteSection,
    number: int,
    backends: Mapping[str, Backend],
    taken: dict[_Wanted, str],
    findings: Findings,
) -> Iterator[Entry[Model]]:
    names: set[str] = set()
    for index, rule in enumerate(route.rules):
        path: KeyPath = ("routes", number, "rules", index)
        name = rule.name or str(index)
        if name in names:
            findings.error((*path, "name"), f'there is another rule "{name}" in this route')
        names.add(name)
        targets = _build_targets(None, rule.targets, (*path, "targets"), backends, findings)
        if not targets:
            continue
        built = list(_build_matches(f"{route.name}/{name}", route.hostnames, rule, targets))
        wanted = [_wanted(each) for each in built]
        if all(each in taken for each in wanted):
            earlier = dict.fromkeys(taken[each] for each in wanted)
            findings.warning(path, f"is never reached: its requests go to {' and '.join(earlier)}")
        for each in wanted:
            taken.setdefault(each, f"{route.name}/{name}")
        yield from built


def _wanted(entry: Entry[Model]) -> _Wanted:
    return entry.host, entry.model, entry.expression, entry.headers


def _build_matches(
    name: str, hostnames: Sequence[str], rule: RuleSection, targets: tuple[Target, ...]
) -> Iterator[Entry[Model]]:
    unnamed = _build_rule(name, rule, targets)
    for match in rule.match or [MatchSection()]:
        # a rule that names its models is known by their names in metrics and in the list of models
        model = _build_rule(match.model, rule, targets) if match.model else unnamed
        for host in hostnames or [""]:
            yield Entry(
                rule=model,
                host=host.lower(),
                model=match.model,
                expression=re.compile(match.model_regex) if match.model_regex else None,
                headers=tuple(build_conditions(match.headers, match.header_regex)),
            )


def build_conditions(values: Mapping[str, str], expressions: Mapping[str, str]) -> Iterator[HeaderCondition]:
    """Yield the conditions on headers: those with values, and those whose values expressions fit."""
    for name, value in values.items():
        yield HeaderCondition(name.lower().encode("ascii"), value.encode("latin-1"))
    for name, expression in expressions.items():
        yield HeaderCondition(name.lower().encode("ascii"), expression=re.compile(expression.encode("latin-1")))


def _build_rule(name: str, rule: RuleSection, targets: tuple[Target, ...]) -> Model:
    return Model(
        name=name,
        targets=targets,
        owned_by=rule.owned_by or targets[0].backend.provider.id,
        created=rule.created,
        losses=rule.losses,
        retry=build_retry(rule.retry),
        timeouts=build_rule_timeouts(rule.timeouts),
    )


def build_rule_timeouts(section: RuleTimeoutsSection) -> RuleTimeouts | None:
    """Return the waits of a rule; None where they are the backends' own."""
    timeouts = RuleTimeouts(total_s=section.total_s, attempt_s=section.attempt_s, idle_s=section.idle_s)
    return None if timeouts == RuleTimeouts() else timeouts


def _build_targets(
    model: str | None,
    sections: Sequence[TargetSection],
    path: KeyPath,
    backends: Mapping[str, Backend],
    findings: Findings,
) -> tuple[Target, ...]:
    """Return the targets; none when one of them is wrong. ``model`` is the name or pattern that leads to them."""
    targets = [
        target
        for index, section in enumerate(sections)
        if (target := _build_target(model, section, (*path, index), backends, findings))
    ]
    if len(targets) < len(sections):
        return ()
    if len(targets) > 1 and not any(target.weight for target in targets):
        findings.error(path, "all have the weight 0, so that none would ever serve")
    return tuple(targets)


def _build_target(
    name: str | None, section: TargetSection, path: KeyPath, backends: Mapping[str, Backend], findings: Findings
) -> Target | None:
    backend = find_backend(section.backend, path, backends, findings)
    if backend is None:
        return None
    if backend.provider is PLAIN_HTTP:
        findings.error(
            (*path, "backend"), "is a plain HTTP server, which serves no models: only passthrough leads to it"
        )
        return None
    if section.model is not None and "*" in section.model and (name is None or "*" not in name):
        findings.error((*path, "model"), "a * here needs a * in the model's name, to stand for the same")
        return None
    # "openai/*: openai" means OpenAI's own names, without the prefix that only names the backend.
    model = "*" if section.model is None and name == f"{backend.name}/*" else section.model
    return Target(
        backend=backend,
        model=model,
        weight=section.weight,
        priority=section.priority,
        mutations=_merge(backend.mutations, build_mutations(section, section.set_headers)),
    )


def find_backend(name: str, path: KeyPath, backends: Mapping[str, Backend], findings: Findings) -> Backend | None:
    """Return the backend that the target at ``path`` names; report it when there is none."""
    backend = backends.get(name)
    if backend is None and not findings.is_broken(("backends", name)):
        known = [*backends, *(str(each[1]) for each in findings.broken if each[0] == "backends" and len(each) == 2)]
        findings.error((*path, "backend"), f'there is no backend "{name}"{hint(name, sorted(known))}')
    return backend


def build_retry(section: RetrySection) -> Retry:
    """Return when another target is tried."""
    return Retry(
        attempts=section.attempts,
        per_priority=section.per_priority,
        statuses=frozenset(section.statuses),
        causes=frozenset(section.on),
        backoff_s=section.backoff_s,
        backoff_max_s=section.backoff_max_s,
    )
