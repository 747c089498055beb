"""Pay by card, hear what became of it, read the receipt; and the door for the provider's messages."""

import logging

from django.conf import settings
from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, RawPostDataException
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects import throttle
from projects.throttle import Rate

from .. import instalments, money, owed, paying, payments
from ..documents import receipt as documents
from ..models import Charge, Payment, Refund, TrialObject
from ..payments import local
from .doors import for_guardians

log = logging.getLogger(__name__)

# The provider is asked each time.
PAYMENTS = (Rate(10, 60), Rate(60, 3600))


@require_safe
@for_guardians
def account(request: HttpRequest) -> HttpResponse:
    """What is due, what was paid, and the receipts."""
    household = request.guardian.household
    dues = owed.dues(household)
    prefetch_related_objects([due.charge for due in dues], "instalments")
    today = timezone.localdate()
    by_now = [instalments.by_now(due, today) if instalments.is_due(due, today) else None for due in dues]
    payments_made = Payment.objects.for_institution(request.institution).filter(household=household)
    return render(
        request,
        "bookings/account.html",
        {
            "institution": request.institution,
            "tab": "family",
            "dues": list(zip(dues, by_now, strict=True)),
            "total": sum(due.open for due in dues),
            "total_now": sum(due.open for due in by_now if due),
            "has_later_parts": any(now and now != due for due, now in zip(dues, by_now, strict=True)),
            "credit": owed.credit(household),
            "payments": payments_made.exclude(state=Payment.State.CREATED)[:100],
            "refunds": household.refunds.all()[:100],
            "takes_cards": payments.card_provider() is not None,
            "reference": household.reference,
        },
    )


@require_POST
@for_guardians
def pay(request: HttpRequest) -> HttpResponse:
    """To the provider's page, for the charges named, or all that are due by today."""
    household = request.guardian.household
    throttle.slow_down("card payment", household.pk, rates=PAYMENTS)
    charges = Charge.objects.for_institution(request.institution).filter(household=household)
    if named := [number for number in request.POST.getlist("charge") if number.isdecimal()]:
        charges = charges.filter(pk__in=named)
    else:
        charges = charges.filter(due_on__lte=timezone.localdate())
    slug = request.institution.slug
    try:
        address = paying.begin(
            household=household,
            charges=list(charges),
            paid_url=settings.SITE_URL + reverse("bookings:paid", args=[slug]),
            back_url=settings.SITE_URL + reverse("bookings:account", args=[slug]),
            only_by_now=request.POST.get("parts") == "now",
        )
    except paying.CannotPay as reason:
        messages.error(request, str(reason))
        return redirect("bookings:account", slug)
    return redirect(address)


@require_safe
@for_guardians
def paid(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the family back to. What it says is asked for, never believed from here."""
    newest = (
        Payment.objects.for_institution(request.institution)
        .filter(household=request.guardian.household)
        .exclude(provider__in=money.TILLS)
        .first()
    )
    if newest is None:
        return redirect("bookings:family", request.institution.slug)
    if newest.state == Payment.State.PENDING:
        paying.ask(newest)
        newest.refresh_from_db()
    return render(
        request,
        "bookings/paid.html",
        {"institution": request.institution, "tab": "family", "payment": newest},
    )


@require_safe
@for_guardians
def receipt(request: HttpRequest, public_id: str) -> HttpResponse:
    payment = get_object_or_404(
        Payment.objects.for_institution(request.institution).select_related("household", "institution"),
        household=request.guardian.household,
        public_id=public_id,
        state=Payment.State.SUCCEEDED,
    )
    pdf = documents.receipt(payment, language=get_language())
    return _pdf(pdf, f"receipt-{payment.receipt_number}.pdf")


@require_safe
@for_guardians
def payout(request: HttpRequest, number: int) -> HttpResponse:
    """Credit that the office has paid out to this household."""
    refund = get_object_or_404(
        Refund.objects.for_institution(request.institution).select_related("household", "institution"),
        household=request.guardian.household,
        pk=number,
        payment=None,
        state=Refund.State.SUCCEEDED,
    )
    pdf = documents.payout(refund, language=get_language())
    return _pdf(pdf, f"payout-{documents.payout_number(refund)}.pdf")


def _pdf(pdf: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """A provider's message. Whoever cannot sign it learns nothing."""
    try:
        paying.receive(
            provider=provider, body=request.body, signature=request.headers.get("Stripe-Signature", "")
        )
    except (payments.NotFromProvider, RawPostDataException):  # a form is no provider's message
        # Without its words: whoever sent it may have written anything.
        log.warning("a message for %s without a valid signature was turned away", provider)
        return HttpResponseBadRequest("not signed")
    except KeyError:
        raise Http404 from None
    return HttpResponse("ok", content_type="text/plain")


@require_http_methods(["GET", "HEAD", "POST"])
def local_checkout(request: HttpRequest, ref: str) -> HttpResponse:
    """The local provider's page: where a real one would ask for a card."""
    checkout = TrialObject.objects.filter(ref=ref, body__object="checkout.session").first()
    if checkout is None or settings.CARD_PAYMENTS != "local":
        raise Http404
    if request.method == "POST":
        way = request.POST.get("way", "")
        if way not in local.WAYS:
            return HttpResponseBadRequest(_("Choose one of the buttons."))
        body = local.answer_checkout(ref=ref, way=way)
        return redirect(body["cancel_url"] if way == "decline" else body["success_url"])
    return render(
        request,
        "bookings/local_checkout.html",
        {
            "what": checkout.body["what"],
            "amount": payments.major_units(checkout.body["amount_total"], checkout.body["currency"].upper()),
            "currency": checkout.body["currency"].upper(),
            "back_url": checkout.body["cancel_url"],
            "is_open": checkout.body["status"] == "open",
        },
    )
