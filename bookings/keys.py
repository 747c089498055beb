"""The same question asked again has no second effect: its key is written in the transaction of its effect."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from projects.models import Institution

from . import locks
from .models import IdempotencyKey

KEPT = timedelta(hours=48)


class KeyUsedDifferently(Exception):
    """The same idempotency key came with another question."""


@dataclass(frozen=True)
class Key:
    """`owner` ("user:12", "client:3") asks for an act (`scope`) about `asked`. An empty key is none."""

    institution: Institution
    owner: str
    scope: str
    key: str
    asked: Any

    @property
    def _row(self) -> dict[str, Any]:
        return {
            "institution": self.institution,
            "owner": self.owner,
            "scope": self.scope,
            "key": self.key,
        }

    @property
    def _hash(self) -> str:
        return hashlib.sha256(json.dumps(self.asked).encode()).hexdigest()

    def write(self, result: Any) -> IdempotencyKey | None:
        """First of all: who comes second with the same key waits here until the first is done."""
        if not self.key:
            return None
        row = IdempotencyKey(**self._row, request_hash=self._hash, result=result)
        row.save(force_insert=True)
        locks.step("key written")
        return row

    def result(self) -> Any:
        """What was answered under this key; None if nothing was. Raises KeyUsedDifferently."""
        row = IdempotencyKey.objects.filter(**self._row).first() if self.key else None
        if row is None or row.result is None:
            return None
        if row.request_hash != self._hash:
            raise KeyUsedDifferently(_("This form was sent before with other entries. Open the page again."))
        return row.result


def is_taken(fault: IntegrityError) -> bool:
    """Did the database refuse a key that is there already?"""
    return "idempotency" in str(fault)


def once(key: Key, work: Callable[[], Any]) -> Any:
    """What work() answers, as JSON holds it; under a key that was answered before the same again."""
    if not key.key:
        return work()

    def with_key() -> Any:
        row = key.write(None)
        assert row is not None
        row.result = json.loads(json.dumps(work(), cls=DjangoJSONEncoder))
        row.save(update_fields=["result"])
        return row.result

    try:
        return locks.carry_out(with_key)
    except IntegrityError as fault:
        if is_taken(fault) and (before := key.result()) is not None:
            return before
        raise


def forget() -> int:
    """Each hour: a form is not sent again after two days. How many keys were forgotten."""
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
