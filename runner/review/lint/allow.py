"""Rules that a file sets aside: `-- lint: allow RULE -- reason` in its leading comment."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from runner.files.migrations.migration import Script
from runner.files.sqltext.leading_comment import leading_directives
from runner.review.lint.rule import Finding
from runner.review.lint.rules import BY_ID, files
from runner.wording import nearest

_ALLOW = re.compile(r"allow\s+(?P<rules>[\w-]+(?:\s*,\s*[\w-]+)*)(?P<reason>\s+--\s+\S.*)?$")


@dataclass(frozen=True, slots=True)
class _Allowed:
    rule: str
    offset: int
    reason: str


def settle(script: Script, found: Sequence[Finding], *, watched: Collection[str]) -> Iterator[Finding]:
    """Yield the findings of one file that it does not set aside, and what is wrong with its own words about it.

    `watched` are the rules that were looked for: only of these can be said that they found nothing.
    """
    if script.text is not None and "lint" not in script.text:
        yield from found
        return
    allowed: list[_Allowed] = []
    for item in _read(script):
        if isinstance(item, Finding):
            yield item
        else:
            allowed.append(item)
    aside = {item.rule for item in allowed}
    used = {finding.rule for finding in found} & aside
    yield from (finding for finding in found if finding.rule not in aside)
    for item in allowed:
        if item.rule not in used and item.rule in watched:
            message = f"nothing here breaks {item.rule}"
            yield files.ALLOW_UNUSED.finding(message, script.location(item.offset))


def allowed_rules(script: Script) -> dict[str, str]:
    """Return the rules that a file sets aside, each with its reason."""
    return {item.rule: item.reason for item in _read(script) if not isinstance(item, Finding)}


def _read(script: Script) -> Iterator[_Allowed | Finding]:
    head = script.text if script.text is not None else next(script.pieces(), "")
    for directive in leading_directives(head):
        if directive.name != "lint":
            continue
        match = _ALLOW.match(directive.value)
        if match is None or match["reason"] is None:
            where = script.location(directive.value_offset)
            yield files.ALLOW_REASON.finding(f"-- lint: {directive.value} sets nothing aside", where)
            continue
        for name in re.finditer(r"[\w-]+", match["rules"]):
            offset = directive.value_offset + match.start("rules") + name.start()
            if name[0] in BY_ID:
                yield _Allowed(name[0], offset, match["reason"].strip(" -"))
            else:
                hint = nearest(name[0], list(BY_ID))
                yield files.ALLOW_UNKNOWN.finding(
                    f"no rule is called {name[0]}", script.location(offset), hint=hint
                )
