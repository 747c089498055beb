"""The bank's statement at the office: read it, confirm whose money each line is, undo what was wrong."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import matching, paying, statements
from ..models import BankLine, Household
from .counter import CounterForm, FileForm
from .finding import FindField

# Lines on one page: the oldest first, the next when these are done.
MOST_LINES = 100

Refused = (matching.CannotMatch, paying.CannotPay)


class FamilyForm(CounterForm):
    household = FindField(
        "household",
        label=gettext_lazy("Another family"),
        help_text=gettext_lazy("By its name, its payment reference, a guardian or a child."),
    )


class UndoForm(CounterForm):
    reason = forms.CharField(
        max_length=200, label=gettext_lazy("Why"), help_text=gettext_lazy("It stands in the history.")
    )


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request, f"bookings/staff/{template}.html", {**admin.site.each_context(request), **context}
    )


def statement(request: HttpRequest) -> HttpResponse:
    """The form for the file; what it holds; the lines that wait, each with its likeliest family."""
    if "confirm" in request.POST:
        return _confirm(request)
    form = FileForm(request.POST or None, request.FILES or None, institution=request.institution)
    told = None
    if request.method == "POST" and form.is_valid():
        is_for_sure = "sure" in request.POST
        told = _read(request, form.cleaned_data["file"], dry_run=not is_for_sure)
        if is_for_sure and not told.report.errors:
            words = ngettext("%(count)s line is new.", "%(count)s lines are new.", len(told.lines))
            messages.success(request, words % {"count": len(told.lines)})
            return redirect("admin:statement")
    lines = BankLine.objects.for_institution(request.institution)
    waiting = list(lines.filter(state=BankLine.State.OPEN).order_by("booked_on", "pk")[: MOST_LINES + 1])
    suggestions = matching.suggest(request.institution, waiting)
    done = lines.filter(state=BankLine.State.MATCHED).select_related("household", "payment")
    return _page(
        request,
        "statement",
        title=_("Bank statement"),
        form=form,
        told=told,
        is_taken_over="sure" in request.POST,
        lines=[(line, suggestions.get(line.pk, [])) for line in waiting[:MOST_LINES]],
        has_more=len(waiting) > MOST_LINES,
        done=done.order_by("-payment__settled_at")[:20],
        currency=request.institution.currency,
        certain=matching.Certainty.CERTAIN,
    )


def _read(request: HttpRequest, file: Any, *, dry_run: bool) -> statements.Statement:
    with NamedTemporaryFile(suffix=Path(file.name).suffix.lower()[:6]) as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        return statements.read(
            institution=request.institution,
            path=Path(copy.name),
            name=file.name,
            by=request.user,
            dry_run=dry_run,
        )


def _confirm(request: HttpRequest) -> HttpResponse:
    """Each ticked line becomes a payment of the family chosen beside it."""
    keys = [key for key in request.POST.getlist("line") if key.isdecimal() and len(key) < 19]
    chosen = {key: request.POST.get(f"household-{key}", "") for key in keys}
    lines = BankLine.objects.for_institution(request.institution).filter(pk__in=keys)
    families = Household.objects.for_institution(request.institution).select_related("institution")
    families = families.in_bulk([int(key) for key in chosen.values() if key.isdecimal() and len(key) < 19])
    entered = 0
    for line in lines:
        household = families.get(int(chosen[str(line.pk)] or 0))
        if household is None:
            messages.warning(request, _("%s: choose a family first.") % line)
            continue
        try:
            matching.match(line=line, household=household, staff=request.user)
        except Refused as reason:
            messages.warning(request, f"{line}: {reason}")
        else:
            entered += 1
    words = ngettext("%(count)s payment is entered.", "%(count)s payments are entered.", entered)
    if entered or not keys:
        messages.success(request, words % {"count": entered})
    return redirect("admin:statement")


def bank_line(request: HttpRequest, number: int) -> HttpResponse:
    """One line: every family it may come from, any other, or none; and the way back."""
    rows = BankLine.objects.for_institution(request.institution).select_related("household", "payment")
    line = rows.filter(pk=number).first()
    if line is None:
        raise Http404
    act = request.POST.get("act", "")
    form = FamilyForm(request.POST if act == "other" else None, institution=request.institution)
    undoing = UndoForm(request.POST if act == "undo" else None, institution=request.institution)
    if request.method == "POST":
        try:
            if done := _act(request, line, act, form, undoing):
                messages.success(request, done)
                return redirect("admin:statement")
        except Refused as reason:
            messages.error(request, str(reason))
            return redirect("admin:bank_line", number)
    return _page(
        request,
        "bank_line",
        title=_("Bank line"),
        line=line,
        candidates=matching.suggest(request.institution, [line]).get(line.pk, []),
        form=form,
        undoing=undoing,
        currency=request.institution.currency,
    )


def _act(request: HttpRequest, line: BankLine, act: str, form: forms.Form, undoing: forms.Form) -> str:
    """What was done, in words; nothing if a form has to be filled in again."""
    staff = request.user
    if act == "match":
        key = request.POST.get("household", "")
        rows = Household.objects.for_institution(request.institution).select_related("institution")
        household = rows.filter(pk=key if key.isdecimal() and len(key) < 19 else None).first()
        if household is None:
            raise matching.CannotMatch(_("That is no family of this school."))
        matching.match(line=line, household=household, staff=staff)
        return _("The payment is entered for %s.") % household
    if act == "other" and form.is_valid():
        household = form.cleaned_data["household"]
        matching.match(line=line, household=household, staff=staff)
        return _("The payment is entered for %s.") % household
    if act == "undo" and undoing.is_valid():
        matching.undo(line=line, staff=staff, reason=undoing.cleaned_data["reason"])
        return _("The payment is taken back by the opposite entry. The line is open again.")
    if act == "aside":
        matching.set_aside(line=line, staff=staff)
        return _("The line is set aside.")
    if act == "reopen":
        matching.reopen(line=line, staff=staff)
        return _("The line is open again.")
    return ""
