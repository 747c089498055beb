"""What a visitor looks for in the catalogue. An address that asks for what is not there shows everything."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from projects.models import Institution

from ..catalogue import Wanted, terms
from ..models import Category, Term, Weekday, YearGroup


class Rows(forms.ChoiceField):
    """A choice among rows that were read already: one query for the list, none to find the chosen one."""

    def __init__(self, rows: list[Any], nothing: Any, **kwargs: Any) -> None:
        self.rows = {str(row.pk): row for row in rows}
        choices = [("", nothing), *((key, str(row)) for key, row in self.rows.items())]
        super().__init__(choices=choices, required=False, **kwargs)

    def clean(self, value: Any) -> Any:
        return self.rows.get(value or "")


class WantedForm(forms.Form):
    q = forms.CharField(label=_("Look for"), required=False, max_length=100)
    day = forms.TypedChoiceField(
        label=_("Day"),
        choices=[("", _("Any day")), *Weekday.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    age = forms.IntegerField(label=_("Age"), min_value=1, max_value=25, required=False)
    free = forms.BooleanField(label=_("Free places only"), required=False)

    def __init__(self, data: Any, *, institution: Institution) -> None:
        super().__init__(data)
        self.terms = terms(institution)
        here = {"institution": institution}
        self.fields["q"].widget = forms.TextInput(
            {"type": "search", "autocomplete": "off", "placeholder": _("Look for an activity")}
        )
        self.fields["term"] = Rows(self.terms, _("All terms"), label=_("Term"))
        self.fields["category"] = Rows(
            list(Category.objects.filter(**here)), _("All kinds"), label=_("Kind of activity")
        )
        self.fields["year"] = Rows(
            list(YearGroup.objects.filter(**here)), _("All year groups"), label=_("Year group")
        )

    @property
    def wanted(self) -> Wanted:
        self.is_valid()
        told = self.cleaned_data
        return Wanted(
            words=told.get("q", "").replace("\0", ""),
            term=told.get("term") or self._term_of_now,
            category=told.get("category"),
            weekday=told.get("day"),
            year_group=told.get("year"),
            age=told.get("age"),
            is_free=bool(told.get("free")),
        )

    @property
    def _term_of_now(self) -> Term | None:
        """Without a word about the term: the only one there is."""
        return self.terms[0] if len(self.terms) == 1 else None

    @property
    def narrows(self) -> bool:
        """Is anything filled in?"""
        return any(self.data.get(name) for name in self.fields)
