"""Personal words taken out of what is otherwise never changed: history and messages.

Only for a person whose data the law says must go. That something happened, when and by whom stays; who it was
about and what was written does not.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import models

from .history import MASK
from .models import Change, Institution, OutboxMessage

GONE = (OutboxMessage.State.WAITING, OutboxMessage.State.SENDING)


class Words:
    """Texts that must go: whole names, addresses, phones; found in whatever case they stand."""

    def __init__(self, texts: Iterable[str]) -> None:
        known = {text.strip() for text in texts if len(text.strip()) > 2}
        # The longest first, so that a part of it does not leave the rest.
        told = sorted(known, key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, told)) or r"(?!)", re.IGNORECASE)

    def are_in(self, value: Any) -> bool:
        if isinstance(value, str):
            return bool(self._found.search(value))
        if isinstance(value, Mapping):
            return any(self.are_in(part) for part in value.values())
        return isinstance(value, list) and any(self.are_in(part) for part in value)

    def out_of(self, value: Any) -> Any:
        """The value with the mask where they stood."""
        if isinstance(value, str):
            return self._found.sub(MASK, value)
        if isinstance(value, Mapping):
            return {key: self.out_of(part) for key, part in value.items()}
        return [self.out_of(part) for part in value] if isinstance(value, list) else value


def masked(value: Any) -> Any:
    """All words of it gone; numbers and the shape stay."""
    if isinstance(value, Mapping):
        return {key: masked(part) for key, part in value.items()}
    if isinstance(value, list):
        return [masked(part) for part in value]
    return MASK if isinstance(value, str) and value else value


def redact_history(
    *,
    institution: Institution,
    rows: Mapping[str, Collection[int]],
    words: Words,
    personal: Collection[str] = (),
) -> int:
    """Lines about these rows ({model: keys}) lose all words, others the ones named; how many were changed.

    `personal` are models whose lines lose all words as soon as one of them is found: a contact that was
    removed long ago is known by the child it was for.
    """
    known = {model: {str(key) for key in keys} for model, keys in rows.items()}
    changed = 0
    lines = Change.objects.for_institution(institution).order_by("pk")
    fields = ("label", "before", "after", "reason")
    for line in lines.only("pk", "model", "row_id", *fields).iterator(chunk_size=2000):
        told = {name: getattr(line, name) for name in fields}
        mine = known.get(line.model, set())
        is_found = words.are_in(list(told.values()))
        if line.row_id in mine or (is_found and line.model in personal):
            new = {name: masked(value) for name, value in told.items()}
        else:
            new = {name: _of_rows(value, mine) for name, value in told.items()}
            new = {name: words.out_of(value) for name, value in new.items()} if is_found else new
        if new != told:
            # The line's own query set refuses any change, and is right to do so for everybody else.
            models.QuerySet(Change).filter(pk=line.pk).update(**new)
            changed += 1
    return changed


def _of_rows(value: Any, keys: set[str]) -> Any:
    """In a bulk change the values stand under their row's key."""
    if not isinstance(value, Mapping) or not keys & value.keys():
        return value
    return {key: masked(part) if key in keys else part for key, part in value.items()}


def redact_messages(
    *, institution: Institution, addresses: Collection[str], reasons: Collection[str], words: Words
) -> int:
    """Messages to these addresses, for these reasons (dedupe keys begin so) or with these words; how many."""
    addressed = {address.casefold() for address in addresses if address}
    beginnings = tuple(f"{institution.pk}:{reason}:" for reason in reasons)
    found = []
    messages = OutboxMessage.objects.for_institution(institution)
    for row in messages.only("pk", "to", "subject", "text", "made_of", "dedupe").iterator(chunk_size=500):
        is_theirs = row.to.casefold() in addressed or f"{row.dedupe}:".startswith(beginnings)
        if is_theirs or words.are_in([row.subject, row.text, row.made_of]):
            found.append(row.pk)
    rows = OutboxMessage.objects.filter(pk__in=found)
    rows.filter(state__in=GONE).update(state=OutboxMessage.State.DROPPED)
    return rows.update(to=MASK, subject="", text="", html="", made_of=None, attachments=[], last_error="")
