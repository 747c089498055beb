"""Children and their guardians, for clients that may read names: whom to book for, and as whom."""

from datetime import date
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from ..models import Child, Guardianship
from .door import READ, reader_of_people
from .shapes import Page

router = Router(tags=["people"])


class GuardianOut(Schema):
    id: str
    name: str
    may_book: bool


class ChildOut(Schema):
    """`number` is the school's own."""

    id: str
    number: str
    name: str
    date_of_birth: date
    year_group: str
    class_name: str
    guardians: list[GuardianOut]


@router.get(
    "/children", response={200: list[ChildOut], **READ}, summary="Children, with who may book for them"
)
def children(request: HttpRequest, page: Query[Page], number: str = "") -> Any:
    reader_of_people(request)
    rights = Guardianship.objects.on(timezone.localdate()).filter(guardian__is_active=True)
    rows = (
        Child.objects.for_institution(request.institution)
        .filter(erased_at=None, merged_into=None)
        .select_related("year_group")
        .prefetch_related(Prefetch("guardianships", rights.select_related("guardian"), to_attr="rights_now"))
        .order_by("family_name", "given_name", "pk")
    )
    if number:
        rows = rows.filter(number=number)
    return [
        {
            "id": row.public_id,
            "number": row.number,
            "name": row.full_name,
            "date_of_birth": row.date_of_birth,
            "year_group": row.year_group.name if row.year_group else "",
            "class_name": row.class_name,
            "guardians": [
                {"id": right.guardian.public_id, "name": right.guardian.name, "may_book": right.may_book}
                for right in row.rights_now
            ],
        }
        for row in page.of(rows)
    ]
