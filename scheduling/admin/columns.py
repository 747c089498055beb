"""Columns that several lists have: counts from other tables, without a query for each row."""

from typing import Any

from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce


def count_of(model: type[Model], **of: str) -> Coalesce:
    """How many rows of `model` belong to the outer row: count_of(Registration, course="pk")."""
    rows: QuerySet[Any] = model._default_manager.order_by()  # type: ignore[attr-defined]
    matching = rows.filter(**{name: OuterRef(path) for name, path in of.items()})
    counted = matching.values(next(iter(of))).annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(counted), 0)
