"""Who comes in, and how somebody is turned away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, ValidationError
from ninja.security import HttpBearer

from .. import booking, keys, waitlist
from ..checks import CannotBook
from ..compiled import compiled_once
from ..locks import Busy
from ..models import ApiClient
from ..models.secrets import token_hash
from .shapes import key_of

# One write a minute tells when a client was last heard of.
SEEN_EVERY = timedelta(minutes=1)
# What is not there, or not the guardian's, is the same to a client.
NOT_FOUND, FORBIDDEN = frozenset({"not-yours"}), frozenset({"no-right", "inactive"})


class Refusal(Schema):
    """Why not: `code` for programs, `message` for people."""

    code: str
    message: str


# What may come instead of the answer: of what only reads, of one row, of what changes something.
READ: dict[Any, Any] = {401: Refusal, 403: Refusal, 422: Refusal}
ONE: dict[Any, Any] = {**READ, 404: Refusal}
ACT: dict[Any, Any] = {**ONE, 409: Refusal, 429: Refusal}


@compiled_once
def _clients(token: str) -> QuerySet[ApiClient]:
    return ApiClient.objects.filter(token_hash=token, revoked_at=None).select_related("institution")


class Token(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> ApiClient | None:
        client = next(iter(_clients(token_hash(token))), None)
        if client is not None:
            request.institution = client.institution
            now = timezone.now()
            if client.last_used_at is None or client.last_used_at < now - SEEN_EVERY:
                ApiClient.objects.filter(pk=client.pk).update(last_used_at=now)
        return client


api = NinjaAPI(
    title="Datesheet: activity bookings",
    version="1",
    description="Tokens are made by the institution's administrator, under API clients.",
    urls_namespace="bookings_api",
    auth=Token(),
    docs_url=None,  # its page would load scripts from elsewhere
    openapi_url="/openapi.json",
)


def writer(request: HttpRequest) -> str:
    """The owner of the client's keys. Refused to clients that only read."""
    if not request.auth.may_write:
        raise CannotBook("This token may only read.", code="no-right")
    return f"client:{request.auth.pk}"


def once(request: HttpRequest, act: str, asked: Any, work: Callable[[], Any]) -> Any:
    """What work() answers; to the same key of the same client the same again."""
    key = keys.Key(request.institution, writer(request), act, key_of(request), asked)
    return keys.once(key, work)


def reader_of_people(request: HttpRequest) -> None:
    if not request.auth.may_read_people:
        raise CannotBook("This token may not read names.", code="no-right")


def one(request: HttpRequest, model: type, public_id: str, *beside: str) -> Any:
    """The institution's row, or nothing that anybody is told of."""
    rows = model._default_manager.for_institution(request.institution).select_related(*beside)
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


# --- turned away --------------------------------------------------------------------------------------------


def _refused(request: HttpRequest, status: int, code: str, words: str) -> HttpResponse:
    return api.create_response(request, {"code": code, "message": words}, status=status)


@api.exception_handler(CannotBook)
def refused(request: HttpRequest, why: CannotBook) -> HttpResponse:
    status = 404 if why.code in NOT_FOUND else 403 if why.code in FORBIDDEN else 409
    return _refused(request, status, why.code, str(why))


@api.exception_handler(booking.CannotCancel)
def not_cancelled(request: HttpRequest, why: booking.CannotCancel) -> HttpResponse:
    return _refused(request, 409, "cannot-cancel", str(why))


@api.exception_handler(waitlist.CannotLeave)
def not_left(request: HttpRequest, why: waitlist.CannotLeave) -> HttpResponse:
    return _refused(request, 409, "cannot-leave", str(why))


@api.exception_handler(waitlist.AlreadyAnswered)
def answered(request: HttpRequest, why: waitlist.AlreadyAnswered) -> HttpResponse:
    return _refused(request, 409, f"offer-{why.state}", str(why))


@api.exception_handler(keys.KeyUsedDifferently)
def key_used(request: HttpRequest, why: keys.KeyUsedDifferently) -> HttpResponse:
    return _refused(request, 422, "key-used", "This key came with another question before: take a new one.")


@api.exception_handler(Busy)
def busy(request: HttpRequest, why: Busy) -> HttpResponse:
    answer = _refused(request, 429, "busy", str(why))
    answer["Retry-After"] = str(why.retry_after)
    return answer


@api.exception_handler(AuthenticationError)
def nobody(request: HttpRequest, why: AuthenticationError) -> HttpResponse:
    answer = _refused(request, 401, "no-token", "Send the token of a client: Authorization: Bearer …")
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(Http404)
def not_there(request: HttpRequest, why: Http404) -> HttpResponse:
    return _refused(request, 404, "not-found", "There is nothing of that name here.")


@api.exception_handler(ValidationError)
def not_understood(request: HttpRequest, why: ValidationError) -> HttpResponse:
    words = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in why.errors)
    return _refused(request, 422, "not-understood", words)
