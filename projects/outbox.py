"""Mail and text messages: written in the business transaction, sent after it by a worker.

The row is the truth. The bell (a queued task) only makes it prompt: the sweep of every minute finds whatever
a lost bell or a dead worker has left. A message goes out at least once; its Message-ID stays the same from
try to try, so that mail programs show it once.
"""

import logging
import smtplib
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.template import Context
from django.template.loader import get_template, select_template
from django.urls import get_script_prefix, reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from . import history
from .history import MASK
from .models import Institution, OutboxMessage

log = logging.getLogger(__name__)

State = OutboxMessage.State

BACK_OFF = [
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
]
# Longer than the mail queue lets a task live: who holds a claim past it is dead.
CLAIM = timedelta(minutes=3)
# A code that could not be sent in this time is of no use any more.
SECRET_LIFE = timedelta(hours=1)
# Mail about accounts belongs to no office that would look it up.
ACCOUNT_MAIL_LIFE = timedelta(days=30)

# When this process last had everything swept.
_rung_at = -1.0


class NoTextProvider(Exception):
    """A text message was to be written, but this installation sends none."""


class CannotSendAgain(Exception):
    """Why a message cannot be sent again, in words for the office."""


class TextProvider(Protocol):
    """What TEXT_MESSAGE_PROVIDER names: sends one text message, or raises."""

    def send(self, to: str, text: str) -> None: ...


class NotSoAnyMore(Exception):
    """What a letter was to tell has been overtaken: it does not leave."""


class Attachment(NamedTuple):
    """A text file that goes with a mail. Without content it is made when the mail leaves (made_when_sent)."""

    name: str
    type: str  # "text/calendar"
    content: str = ""
    maker: str = ""
    about: int | None = None


# What makes attachments when they leave, from the rows as they are then.
_makers: dict[str, Callable[[int], str]] = {}


def made_when_sent(name: str, maker: Callable[[int], str]) -> None:
    """An attachment that names this maker has what it returns for `about` (a row's key); nothing: none."""
    _makers[name] = maker


# What tells the facts of letters when they leave.
_tellers: dict[str, Callable[[Any], dict[str, Any]]] = {}


def told_when_sent(name: str, teller: Callable[[Any], dict[str, Any]]) -> None:
    """A letter that names this teller has in its context what it returns for `about`.

    Asked when the letter leaves, in the reader's language; raises NotSoAnyMore where it had better stay.
    """
    _tellers[name] = teller


class Facts(NamedTuple):
    """What a letter that is made later tells beside its news (told_when_sent)."""

    teller: str
    about: Any  # what JSON can hold: the keys of rows


class Draft(NamedTuple):
    """A message as write() takes it, for write_all().

    is_made_later: its context is "subject", "news" and what else JSON can hold. Sentences in it are said at
    once, in the reader's language; the letter around them is made when it leaves.
    """

    to: str
    template: str
    context: dict[str, Any]
    language: str
    dedupe: str
    attachments: Sequence[Attachment] = ()
    channel: str = OutboxMessage.Channel.MAIL
    is_secret: bool = False
    is_made_later: bool = False
    facts: Facts | None = None


def write(
    *,
    institution: Institution | None,
    to: str,
    template: str,
    context: dict[str, Any],
    language: str,
    dedupe: str | None = None,
    attachments: Sequence[Attachment] = (),
    channel: str = OutboxMessage.Channel.MAIL,
    is_secret: bool = False,
    is_last: bool = False,
) -> OutboxMessage:
    """Write a message in the reader's language; it leaves when the transaction around it commits.

    Renders templates/emails/<template>.subject.txt, .txt and .html (a plain page where there is none).
    A second message with the same `dedupe` is not written: the first is returned.
    Raises NoTextProvider for a text message where none can be sent.
    """
    if channel == OutboxMessage.Channel.TEXT and not settings.TEXT_MESSAGE_PROVIDER:
        raise NoTextProvider("No text messages are sent here: name a provider in TEXT_MESSAGE_PROVIDER.")
    key = _dedupe_key(institution, dedupe) if dedupe else None
    if key and (first := OutboxMessage.objects.filter(dedupe=key).first()):
        return first
    words = _make(institution, template=template, language=language, context=context, channel=channel)
    fields = {
        "institution": institution,
        "channel": channel,
        "to": to,
        "attachments": [attachment._asdict() for attachment in attachments],
        "is_secret": is_secret,
        "is_last": is_last,
        **words,
    }
    if key:
        message, is_new = OutboxMessage.objects.get_or_create(dedupe=key, defaults=fields)
    else:
        message, is_new = OutboxMessage.objects.create(**fields), True
    if is_new:
        _ring(message.pk)
    return message


def write_all(*, institution: Institution, drafts: Iterable[Draft]) -> None:
    """Write many messages in one statement; what was written for the same reason before stays as it is."""
    rows = []
    for draft in drafts:
        words = _keep(draft) if draft.is_made_later else _make(institution, **_parts(draft))
        rows.append(
            OutboxMessage(
                institution=institution,
                channel=draft.channel,
                to=draft.to,
                dedupe=_dedupe_key(institution, draft.dedupe),
                attachments=[attachment._asdict() for attachment in draft.attachments],
                is_secret=draft.is_secret,
                **words,
            )
        )
    if rows:
        OutboxMessage.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(_ring_for_all, robust=True)


def _parts(draft: Draft) -> dict[str, Any]:
    """What the words of a draft are made of."""
    return {
        "template": draft.template,
        "language": draft.language,
        "context": draft.context,
        "channel": draft.channel,
    }


def _keep(draft: Draft) -> dict[str, Any]:
    """The row's words until the letter is made, and what to make it of."""
    with translation.override(draft.language):
        said = {
            name: str(value) if isinstance(value, Promise) else value for name, value in draft.context.items()
        }
    return {
        "subject": _one_line(said["subject"]) if draft.channel == OutboxMessage.Channel.MAIL else "",
        "text": said["news"],
        "made_of": {**_parts(draft), "context": said, "facts": draft.facts},
    }


def _make(
    institution: Institution | None,
    *,
    template: str,
    language: str,
    context: dict[str, Any],
    channel: str,
    facts: Sequence[Any] | None = None,
) -> dict[str, str]:
    with translation.override(language):
        told = _tellers[facts[0]](facts[1]) if facts else {}
        around = {"institution": institution, "site_url": settings.SITE_URL}
        return _render(template, {**context, **told, **around}, channel)


def drop(*, institution: Institution | None, dedupe: str) -> bool:
    """Take back a message that has not left yet; whether it was in time."""
    waiting = OutboxMessage.objects.filter(dedupe=_dedupe_key(institution, dedupe), state=State.WAITING)
    return bool(waiting.update(state=State.DROPPED))


@transaction.atomic
def send_again(*, message: OutboxMessage) -> None:
    """Queue a message that was sent or given up. Raises CannotSendAgain."""
    if message.is_last:
        raise CannotSendAgain(_("It was the last message to somebody whose data are erased."))
    if message.is_secret:
        raise CannotSendAgain(
            _("It carried a code or a link for one person and has been blanked: ask for a new one.")
        )
    idle = OutboxMessage.objects.filter(pk=message.pk).exclude(state__in=[State.WAITING, State.SENDING])
    if not idle.update(
        state=State.WAITING,
        round=F("round") + 1,
        attempts=0,
        next_attempt_at=timezone.now(),
        claimed_until=None,
        last_error="",
    ):
        raise CannotSendAgain(_("It is on its way already."))
    if message.institution:
        history.note(institution=message.institution, what=_("Sent again: %s") % message, model=OutboxMessage)
    _ring(message.pk)


def send(message_id: int) -> str | None:
    """Claim a due message and send it; the state it is in now, or None if it was not due or another's."""
    now = timezone.now()
    claimed_until = now + CLAIM
    if not (
        OutboxMessage.objects.due(now)
        .filter(pk=message_id)
        .update(state=State.SENDING, claimed_until=claimed_until, attempts=F("attempts") + 1)
    ):
        return None
    message = OutboxMessage.objects.get(pk=message_id)
    try:
        if message.attempts > len(BACK_OFF) + 1:
            raise TimeoutError("The worker stopped while it was sending, every time.")
        made = _make(message.institution, **message.made_of) if message.made_of else {}
        for name, words in made.items():
            setattr(message, name, words)
        _deliver(message)
    except NotSoAnyMore:
        gone = {"state": State.DROPPED, "made_of": None, **_blank(message)}
        OutboxMessage.objects.filter(pk=message_id).update(**gone)
        return State.DROPPED
    except Exception as error:  # whatever a mail server or provider may come up with
        state = _not_sent(message, error)
    else:
        state = State.SENT
        sent = {"state": state, "sent_at": timezone.now(), "last_error": "", "made_of": None, **made}
        OutboxMessage.objects.filter(pk=message_id).update(**{**sent, **_blank(message)})
        log.info("message %s sent", message_id)
    return state


def sweep(*, seconds: float = 40) -> int:
    """Send what is due, codes first, for at most so many seconds; how many were tried."""
    OutboxMessage.objects.filter(
        is_secret=True, state=State.WAITING, created_at__lt=timezone.now() - SECRET_LIFE
    ).update(state=State.FAILED, text="", html="", made_of=None)
    until = time.monotonic() + seconds
    tried = 0
    due = OutboxMessage.objects.due(timezone.now()).order_by("-is_secret", "next_attempt_at")
    for message_id in list(due.values_list("pk", flat=True)[:2000]):
        if time.monotonic() > until:
            break
        tried += send(message_id) is not None
    return tried


def tidy() -> None:
    """Forget account mail that nobody needs any more."""
    old = timezone.now() - ACCOUNT_MAIL_LIFE
    OutboxMessage.objects.filter(institution=None, created_at__lt=old).delete()


def page_address(name: str, *args: Any) -> str:
    """The full address of a page outside any tenant, for a mail or a print."""
    return f"{settings.SITE_URL}/{reverse(name, args=args).removeprefix(get_script_prefix())}"


def _render(template: str, context: dict[str, Any], channel: str) -> dict[str, str]:
    def plain(name: str) -> str:
        # Not HTML, so an ampersand stays one.
        source: Any = get_template(f"emails/{template}.{name}")
        return source.template.render(Context(context, autoescape=False)).strip()

    if channel == OutboxMessage.Channel.TEXT:
        return {"text": plain("txt")}
    subject, text = _one_line(plain("subject.txt")), plain("txt")
    page = select_template([f"emails/{template}.html", "emails/plain.html"])
    return {
        "subject": subject,
        "text": text,
        "html": page.render({**context, "subject": subject, "text": text}),
    }


def _one_line(subject: str) -> str:
    """As a header may hold it."""
    return " ".join(subject.split())[:250]


def _dedupe_key(institution: Institution | None, dedupe: str) -> str:
    return f"{institution.pk if institution else 0}:{dedupe}"


def _ring(message_id: int) -> None:
    def ring() -> None:
        async_task("projects.tasks.send_message", message_id, cluster="mail")

    # Robust: a queue that is down must not turn a finished request into an error; the sweep comes anyway.
    transaction.on_commit(ring, robust=True)


def _ring_for_all() -> None:
    """One bell in a second: in a rush it would cost more than the bookings. The sweep finds the rest."""
    global _rung_at
    if time.monotonic() - _rung_at < 1:
        return
    _rung_at = time.monotonic()
    async_task("projects.tasks.sweep_messages", cluster="mail")


def _deliver(message: OutboxMessage) -> None:
    if message.channel == OutboxMessage.Channel.TEXT:
        provider: TextProvider = import_string(settings.TEXT_MESSAGE_PROVIDER)()
        provider.send(message.to, message.text)
        return
    mail = EmailMultiAlternatives(
        message.subject,
        message.text,
        to=[message.to],
        attachments=[
            (part["name"], content, part["type"])
            for part in message.attachments
            if (content := part["content"] or _makers[part["maker"]](part["about"]))
        ],
        headers={"Message-ID": message_id_of(message), "Auto-Submitted": "auto-generated"},
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    mail.send()


def message_id_of(message: OutboxMessage) -> str:
    """The same at every try; it tells nobody how many messages there are."""
    token = salted_hmac("outbox", f"{message.pk}:{message.round}", algorithm="sha256").hexdigest()[:32]
    return f"<{token}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>"


def _not_sent(message: OutboxMessage, error: Exception) -> str:
    now = timezone.now()
    is_over = (
        message.attempts > len(BACK_OFF)
        or _is_final(error)
        or (message.is_secret and message.created_at < now - SECRET_LIFE)
    )
    changes: dict[str, Any] = {"claimed_until": None, "last_error": f"{type(error).__name__}: {error}"[:300]}
    if is_over:
        changes |= {"state": State.FAILED, **_blank(message)}
    else:
        changes |= {"state": State.WAITING, "next_attempt_at": now + BACK_OFF[message.attempts - 1]}
    # Only while the claim is ours: a sender that came after us may have been luckier.
    OutboxMessage.objects.filter(
        pk=message.pk, state=State.SENDING, claimed_until=message.claimed_until
    ).update(**changes)
    # Neither address nor the server's words, which repeat it.
    log.warning("message %s not sent at try %s: %s", message.pk, message.attempts, type(error).__name__)
    return changes["state"]


def _is_final(error: Exception) -> bool:
    """Will the next try be refused just the same?"""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _words in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    # An address or a header that no server would be asked about.
    return isinstance(error, ValueError)


def _blank(message: OutboxMessage) -> dict[str, Any]:
    """What of it is not kept once it has gone."""
    if message.is_last:
        return {"to": MASK, "subject": "", "text": "", "html": "", "last_error": ""}
    return {"text": "", "html": "", "made_of": None} if message.is_secret else {}
