"""A term goes over into the next one: looked at first, then done."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import rollover
from ..locks import Busy
from ..models import Term
from .looking_first import InstitutionForm, day, is_sure, page, rows_of


class RollOverForm(InstitutionForm):
    term = rows_of(Term, label=gettext_lazy("From the term"), empty_label=None)
    to = rows_of(
        Term, required=False, label=gettext_lazy("Into the term"), empty_label=gettext_lazy("a new one:")
    )
    name = forms.CharField(
        required=False,
        max_length=100,
        label=gettext_lazy("Name of the new term"),
        help_text=gettext_lazy("Only if it is not on the list above."),
    )
    starts_on = day(required=False, label=gettext_lazy("Its first day"))
    ends_on = day(required=False, label=gettext_lazy("Its last day"))
    moves_up = forms.BooleanField(
        required=False,
        initial=True,
        label=gettext_lazy("The school year ends: children move up, the last year leaves"),
    )
    copies = forms.BooleanField(
        required=False, initial=True, label=gettext_lazy("Copy the sessions, with new dates")
    )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        if not told.get("to") and not self.errors:
            told["to"] = self._new_term(told)
        return told

    def _new_term(self, told: dict[str, Any]) -> Term | None:
        if not (told["name"] and told["starts_on"] and told["ends_on"]):
            self.add_error("to", _("Choose a term, or give the new one a name and its two days."))
            return None
        term = Term(
            institution=self.institution,
            name=told["name"],
            starts_on=told["starts_on"],
            ends_on=told["ends_on"],
            most_bookings=told["term"].most_bookings,
        )
        try:
            term.full_clean()
        except forms.ValidationError as refusal:
            self.add_error("to", [word for words in refusal.message_dict.values() for word in words])
            return None
        return term


def roll_over(request: HttpRequest) -> HttpResponse:
    form = RollOverForm(request.POST or None, institution=request.institution)
    plan = None
    if request.method == "POST" and form.is_valid():
        told = {key: form.cleaned_data[key] for key in ("term", "to", "moves_up", "copies")}
        try:
            if is_sure(request):
                plan = rollover.roll_over(**told, staff=request.user)
                _tell(request, plan)
                return redirect("admin:bookings_session_changelist")
            plan = rollover.plan_of(**told)
        except (rollover.CannotRollOver, Busy) as reason:
            form.add_error(None, str(reason))
    return page(request, "rollover", title=_("Roll a term over"), form=form, plan=plan)


def _tell(request: HttpRequest, plan: rollover.Plan) -> None:
    if plan.is_empty:
        messages.info(request, _("There was nothing left to do: all of it was done before."))
        return
    words = _(
        "%(moved)s children moved up, %(left)s left, %(freed)s of their places are free, %(copied)s sessions "
        "are copied. The copies are drafts: look them through, then open them."
    )
    told = {
        "moved": plan.moved_children,
        "left": len(plan.leavers),
        "freed": plan.freed_places,
        "copied": len(plan.copies),
    }
    messages.success(request, words % told)
