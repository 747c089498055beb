import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy
from django_q.models import OrmQ, Schedule

from projects import outbox, tasks
from projects.models import Change, Institution, OutboxMessage
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db

State = OutboxMessage.State


class Provider:
    sent: list = []

    def send(self, to, text):
        self.sent.append((to, text))


def code(**fields):
    return write(template="account_code", context={"code": "XK-42"}, is_secret=True, **fields)


def write(**fields):
    return outbox.write(
        **{
            "institution": None,
            "to": "parent@example.org",
            "template": "account_exists",
            "context": {"sign_in_url": "https://x.org/?a=1&b=2", "password_reset_url": "https://x.org/r"},
            "language": "en",
            **fields,
        }
    )


def later(message, **time):
    """As if it had been written, claimed and put off so long ago."""
    message.refresh_from_db()
    for name in ("created_at", "next_attempt_at", "claimed_until"):
        if moment := getattr(message, name):
            setattr(message, name, moment - timedelta(**time))
    message.save()


@pytest.fixture
def broken_server(monkeypatch):
    """broken_server(error): every delivery ends with it."""

    def broken(error):
        def deliver(message):
            raise error

        monkeypatch.setattr(outbox, "_deliver", deliver)

    return broken


def test_a_message_is_rendered_in_words_and_as_a_page():
    message = write()
    assert message.subject == "You have an account already"
    assert "https://x.org/?a=1&b=2" in message.text
    assert 'href="https://x.org/?a=1&amp;b=2"' in message.html


def test_a_message_in_urdu_runs_from_right_to_left():
    assert 'lang="ur" dir="rtl"' in write(language="ur").html


def test_a_message_is_sent_once_with_its_pages_and_files():
    message = write(attachments=[outbox.Attachment("exam.ics", "text/calendar", "BEGIN:VCALENDAR")])
    assert outbox.send(message.pk) == State.SENT
    assert outbox.send(message.pk) is None
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["parent@example.org"], message.subject)
    assert sent.alternatives[0].mimetype == "text/html"
    assert sent.attachments[0].filename == "exam.ics"
    message.refresh_from_db()
    assert message.sent_at is not None


def test_a_line_break_in_a_name_does_not_reach_the_headers():
    institution = InstitutionFactory(name="School\nBcc: everybody@example.org")
    message = write(
        institution=institution,
        template="invitation",
        context={"by": "Alice", "role": "office", "sign_in_url": "https://x.org"},
    )
    assert "\n" not in message.subject
    outbox.send(message.pk)
    assert mail.outbox[0].bcc == []


def test_the_same_reason_is_one_message_for_each_institution():
    here, there = InstitutionFactory(), InstitutionFactory()
    first = write(institution=here, dedupe="booking:7")
    assert write(institution=here, dedupe="booking:7") == first
    assert write(institution=there, dedupe="booking:7") != first


def test_the_bell_rings_when_the_transaction_commits(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        message = write()
    (queued,) = OrmQ.objects.all()
    assert (queued.key, queued.task["args"]) == ("mail", (message.pk,))


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_neither_written_nor_rung():
    with transaction.atomic():
        write()
        transaction.set_rollback(True)
    assert (OutboxMessage.objects.count(), OrmQ.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_is_down_stops_nobody(monkeypatch, caplog):
    def down(*args, **kwargs):
        raise ConnectionError("no queue")

    monkeypatch.setattr(outbox, "async_task", down)
    message = write()
    assert tasks.sweep_messages() == 1
    message.refresh_from_db()
    assert message.state == State.SENT


def test_a_failed_try_waits_longer_each_time_and_ends_as_failed(broken_server):
    broken_server(ConnectionRefusedError("down"))
    message = write()
    waits = []
    for _ in outbox.BACK_OFF:
        before = timezone.now()
        assert outbox.send(message.pk) == State.WAITING
        message.refresh_from_db()
        waits.append(round((message.next_attempt_at - before).total_seconds()))
        assert outbox.send(message.pk) is None
        later(message, hours=7)
    assert waits == [10, 60, 300, 1800, 7200, 21600]
    assert outbox.send(message.pk) == State.FAILED
    message.refresh_from_db()
    assert "ConnectionRefusedError" in message.last_error


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({"parent@example.org": (550, b"No such user")}),
        smtplib.SMTPDataError(554, b"Too large"),
        ValueError("Invalid address"),
    ],
)
def test_what_would_be_refused_again_is_not_tried_again(broken_server, error):
    broken_server(error)
    assert outbox.send(write().pk) == State.FAILED


def test_a_mailbox_that_is_full_is_tried_again(broken_server):
    broken_server(smtplib.SMTPRecipientsRefused({"parent@example.org": (452, b"Full")}))
    assert outbox.send(write().pk) == State.WAITING


def test_a_message_that_a_dead_worker_held_returns():
    message = write()
    OutboxMessage.objects.filter(pk=message.pk).update(
        state=State.SENDING, claimed_until=timezone.now() + outbox.CLAIM, attempts=1
    )
    assert outbox.sweep() == 0
    later(message, minutes=4)
    assert outbox.sweep() == 1
    assert len(mail.outbox) == 1


def test_a_message_that_kills_every_worker_is_given_up():
    message = write()
    OutboxMessage.objects.filter(pk=message.pk).update(
        state=State.SENDING, claimed_until=timezone.now(), attempts=len(outbox.BACK_OFF) + 1
    )
    assert outbox.send(message.pk) == State.FAILED
    assert mail.outbox == []


def test_the_message_id_stays_from_try_to_try_and_is_new_when_sent_again(broken_server, monkeypatch):
    message = write()
    first = outbox.message_id_of(message)
    outbox.send(message.pk)
    assert mail.outbox[0].extra_headers["Message-ID"] == first
    message.refresh_from_db()
    assert outbox.message_id_of(message) == first
    outbox.send_again(message=message)
    message.refresh_from_db()
    assert outbox.message_id_of(message) != first


def test_sending_again_is_for_what_is_not_on_its_way():
    message = write(institution=InstitutionFactory())
    with pytest.raises(outbox.CannotSendAgain):
        outbox.send_again(message=message)
    outbox.send(message.pk)
    outbox.send_again(message=message)
    assert outbox.send(message.pk) == State.SENT
    assert len(mail.outbox) == 2
    assert Change.objects.get(model="projects.outboxmessage").label.startswith("Sent again")


def test_a_code_is_blanked_once_it_is_sent():
    message = code()
    assert "XK-42" in message.text
    outbox.send(message.pk)
    message.refresh_from_db()
    assert (message.text, message.html) == ("", "")
    assert "XK-42" in mail.outbox[0].body
    with pytest.raises(outbox.CannotSendAgain):
        outbox.send_again(message=message)


def test_a_code_is_blanked_when_it_cannot_be_sent(broken_server):
    broken_server(ConnectionRefusedError("down"))
    message = code()
    outbox.send(message.pk)
    later(message, hours=2)
    assert outbox.send(message.pk) == State.FAILED
    message.refresh_from_db()
    assert message.text == ""


def test_a_code_that_nobody_sent_in_time_is_blanked_by_the_sweep():
    message = code()
    later(message, hours=2)
    assert outbox.sweep() == 0
    message.refresh_from_db()
    assert (message.state, message.text, mail.outbox) == (State.FAILED, "", [])


def test_a_message_that_is_no_longer_needed_is_dropped_before_it_leaves():
    message = write(dedupe="offer:3")
    assert outbox.drop(institution=None, dedupe="offer:3")
    assert outbox.sweep() == 0
    assert not outbox.drop(institution=None, dedupe="offer:3")
    message.refresh_from_db()
    assert message.state == State.DROPPED


def test_a_text_message_needs_a_provider(settings):
    settings.TEXT_MESSAGE_PROVIDER = ""
    with pytest.raises(outbox.NoTextProvider):
        write(channel="text")
    assert not OutboxMessage.objects.exists()


def test_a_text_message_goes_through_the_provider(settings, monkeypatch):
    monkeypatch.setattr(Provider, "sent", [])
    settings.TEXT_MESSAGE_PROVIDER = f"{__name__}.Provider"
    message = write(channel="text", to="+923001234567")
    assert outbox.send(message.pk) == State.SENT
    assert Provider.sent == [("+923001234567", message.text)]
    assert (message.subject, message.html, mail.outbox) == ("", "", [])


def test_the_log_names_neither_reader_nor_words(caplog, broken_server):
    caplog.set_level("DEBUG", "projects")
    message = code()
    broken_server(smtplib.SMTPRecipientsRefused({"parent@example.org": (550, b"No such user")}))
    outbox.send(message.pk)
    assert str(message.pk) in caplog.text
    assert "parent" not in caplog.text
    assert "XK-42" not in caplog.text


def test_old_account_mail_is_forgotten_and_an_office_s_is_kept():
    account, office = write(), write(institution=InstitutionFactory())
    later(account, days=40)
    later(office, days=40)
    tasks.tidy()
    assert list(OutboxMessage.objects.all()) == [office]


def test_a_migrate_plans_the_sweep_once():
    call_command("migrate", verbosity=0)
    sweep = Schedule.objects.get(name="projects.tasks.sweep_messages")
    assert (sweep.minutes, sweep.cluster) == (1, "mail")


def test_the_command_sends_what_is_due(capsys):
    write()
    call_command("send_messages")
    assert len(mail.outbox) == 1
    assert "1 messages tried" in capsys.readouterr().out


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_sends(rounds, monkeypatch):
    sent = []
    monkeypatch.setattr(outbox, "_deliver", lambda message: sent.append(message.pk))

    def work(message_id):
        try:
            return outbox.send(message_id)
        finally:
            connection.close()

    messages = [write().pk for _ in range(rounds(5, 60))]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, messages * 6))
    assert sorted(sent) == messages


def test_many_messages_are_one_statement_and_one_bell_and_no_reason_is_told_twice(
    monkeypatch, django_capture_on_commit_callbacks, django_assert_num_queries
):
    institution, rung = InstitutionFactory(), []
    monkeypatch.setattr(outbox, "async_task", lambda *words, **options: rung.append(words))
    monkeypatch.setattr(outbox, "_rung_at", -1.0)
    drafts = [
        outbox.Draft(
            to=f"{name}@example.edu",
            template="invitation",
            context={"by": "Bob", "role": "office", "sign_in_url": "https://example.edu/"},
            language="en",
            dedupe=f"invited:{name}",
        )
        for name in "abc"
    ]
    for _twice in range(2):
        with django_capture_on_commit_callbacks(execute=True), django_assert_num_queries(1):
            outbox.write_all(institution=institution, drafts=drafts)
    assert sorted(OutboxMessage.objects.values_list("to", flat=True)) == [
        f"{name}@example.edu" for name in "abc"
    ]
    assert rung == [("projects.tasks.sweep_messages",)]


@pytest.fixture
def letter():
    """A message whose letter is made when it leaves, to a reader of Urdu."""
    draft = outbox.Draft(
        to="amna@example.edu",
        template="bookings_news",
        context={
            "subject": format_lazy(
                gettext_lazy("{child} has a place: {session}"), child="Zara", session="Chess"
            ),
            "news": "Zara <b>plays</b>.",
            "guardian": {"name": "Amna"},
        },
        language="ur",
        dedupe="booking:1",
        is_made_later=True,
    )
    outbox.write_all(institution=InstitutionFactory(name="The School"), drafts=[draft])
    return OutboxMessage.objects.get()


def test_a_letter_is_made_when_it_leaves_and_its_news_is_there_before(letter):
    with translation.override("ur"):
        assert letter.subject == gettext("{child} has a place: {session}").format(
            child="Zara", session="Chess"
        )
    assert (letter.text, letter.html) == ("Zara <b>plays</b>.", "")

    Institution.objects.update(name="The New School")
    assert outbox.send(letter.pk) == State.SENT

    [left] = mail.outbox
    letter.refresh_from_db()
    assert (left.subject, left.body) == (letter.subject, letter.text)
    assert "Amna" in left.body
    assert "The New School" in left.body
    assert "Zara &lt;b&gt;plays&lt;/b&gt;." in letter.html
    assert letter.made_of is None


def test_a_letter_that_could_not_leave_is_made_again(letter, broken_server, monkeypatch):
    broken_server(ConnectionRefusedError())
    assert outbox.send(letter.pk) == State.WAITING
    letter.refresh_from_db()
    assert letter.made_of["template"] == "bookings_news"
    monkeypatch.undo()
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    assert outbox.send(letter.pk) == State.SENT
    assert "Amna" in mail.outbox[0].body
