"""Words of an erased person leave history and messages; that something happened stays."""

import pytest

from projects import history, outbox, redaction
from projects.models import Change, OutboxMessage, Person
from tests.factories.projects import InstitutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    return InstitutionFactory()


def add(here, name, number="1"):
    return Person.objects.create(institution=here, number=number, name=name)


def redact(here, rows=(), texts=(), personal=()):
    words = redaction.Words(texts)
    redaction.redact_history(
        institution=here, rows={"projects.person": set(rows)}, words=words, personal=personal
    )


def test_a_line_about_an_erased_row_loses_all_its_words_and_keeps_its_moment(here):
    row = add(here, "Zebulon")
    before = Change.objects.get(model="projects.person")
    redact(here, rows=[row.pk])
    line = Change.objects.get(pk=before.pk)
    assert (line.at, line.action, line.row_id) == (before.at, "added", str(row.pk))
    assert (line.label, line.after["name"]) == (history.MASK, history.MASK)


def test_a_bulk_change_loses_the_values_of_the_erased_rows_only(here):
    rows = [add(here, name, str(number)) for number, name in enumerate(("Zebulon", "Amal"))]
    Person.objects.filter(pk__in=[row.pk for row in rows]).update(name="Somebody")
    redact(here, rows=[rows[0].pk])
    line = Change.objects.get(action="changed")
    assert [line.before[str(row.pk)]["name"] for row in rows] == [history.MASK, "Amal"]


def test_a_name_in_another_line_is_taken_out_whatever_its_case(here):
    history.note(institution=here, what="ZEBULON quill met Amal")
    redact(here, texts=["Zebulon Quill"])
    assert Change.objects.get().label == f"{history.MASK} met Amal"


def test_no_words_take_nothing_out(here):
    history.note(institution=here, what="Amal")
    redact(here, texts=["", " ", "a"])
    assert Change.objects.get().label == "Amal"


def test_another_institution_keeps_its_history(here):
    history.note(institution=InstitutionFactory(), what="Zebulon Quill")
    redact(here, texts=["Zebulon Quill"])
    assert Change.objects.get().label == "Zebulon Quill"


@pytest.mark.parametrize(
    ("to", "text", "dedupe"),
    [
        ("ZEB@quill.org", "Hello", "a:1"),
        ("office@x.org", "of Zebulon", "b:1"),
        ("old@x.org", "Hi", "booking:7:x"),
    ],
)
def test_messages_are_found_by_address_words_and_reason(here, to, text, dedupe):
    for key, address, words in ((dedupe, to, text), ("booking:71:x", "amal@x.org", "Amal")):
        OutboxMessage.objects.create(
            institution=here, to=address, subject="S", text=words, dedupe=outbox._dedupe_key(here, key)
        )
    redaction.redact_messages(
        institution=here,
        addresses=["zeb@quill.org"],
        reasons=["booking:7"],
        words=redaction.Words(["Zebulon"]),
    )
    kept, gone = OutboxMessage.objects.order_by("pk")[1], OutboxMessage.objects.order_by("pk")[0]
    assert (gone.to, gone.text, gone.state) == (history.MASK, "", "dropped")
    assert (kept.to, kept.text, kept.state) == ("amal@x.org", "Amal", "waiting")
