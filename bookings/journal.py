"""What an act leaves behind besides its rows: history and messages, each written in one statement."""

from typing import Any

from django.db import models

from projects import outbox
from projects.models import Change, Institution

from . import locks
from .models import Guardian


class Journal:
    """One act's: made when it begins, written before it commits. `by` is a user's key."""

    def __init__(self, institution: Institution, *, by: int | None = None, reason: str = "") -> None:
        self.institution, self.by, self.reason = institution, by, reason
        self.changes: list[Change] = []
        self.drafts: list[outbox.Draft] = []

    def note(
        self,
        row: models.Model,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        """A row was added (no `before`) or changed, with what of it matters."""
        self.changes.append(
            Change(
                institution=self.institution,
                by_id=self.by,
                action=Change.Action.CHANGED if before else Change.Action.ADDED,
                model=row._meta.label_lower,
                row_id=str(row.pk),
                label=str(row)[:250],
                before=before,
                after=after,
                reason=(reason or self.reason)[:300],
            )
        )

    def tell(
        self,
        guardian: Guardian | None,
        template: str,
        *,
        dedupe: str,
        is_secret: bool = False,
        **context: Any,
    ) -> None:
        """A mail, where there is an address: families without one are told at the counter."""
        if guardian and guardian.email and guardian.is_active:
            self.drafts.append(
                outbox.Draft(
                    to=guardian.email,
                    template=template,
                    context={"guardian": guardian, **context},
                    language=guardian.language,
                    dedupe=dedupe,
                    is_secret=is_secret,
                )
            )

    def write(self) -> None:
        if self.changes:
            Change.objects.bulk_create(self.changes)
        locks.step("history written")
        outbox.write_all(institution=self.institution, drafts=self.drafts)
        locks.step("messages written")
        self.changes, self.drafts = [], []
