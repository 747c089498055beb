"""Everything that people read is there in Urdu, whole, and set from right to left.

Renew the catalogues with `python3 run.py messages`; the words that are used stand at the head of
locale/ur/LC_MESSAGES/django.po.
"""

import ast
import gettext
import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.utils.translation.template import templatize

from projects.models import Membership, ProjectMember, ProjectRole, Role
from tests.factories.accounts import UserFactory
from tests.factories.everything import World
from tests.factories.projects import InstitutionFactory, ProjectFactory
from tests.walk import MARK, OURS, Walk

OWN, LIBRARIES = (Path(path) / "ur" / "LC_MESSAGES" / "django.po" for path in settings.LOCALE_PATHS)
# What the libraries say in English, too, is worded as this site does.
ENGLISH = Path(settings.LOCALE_PATHS[1]) / "en" / "LC_MESSAGES" / "django.po"
CATALOGUES = pytest.mark.parametrize(
    "catalogue", [OWN, LIBRARIES, ENGLISH], ids=["own", "libraries", "english"]
)
APPS = ("accounts", "bookings", "datesheet", "projects", "scheduling")
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
# How templatize() marks what a template says: gettext('one') or ngettext('one', 'many', count).
IN_TEMPLATE = re.compile(
    r"""\b(?:n?gettext|_)\(\s*(u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\"{3}.*?\"{3}))""", re.S
)
PLACEHOLDER = re.compile(r"%\(\w+\)[sdr]|%[sd]|\{\w*\}|</?\w+[^>]*>")


class Message(NamedTuple):
    context: str
    msgid: str
    plural: str
    said: list[str]
    is_fuzzy: bool

    def __str__(self):
        return self.msgid


def read(path):
    """The messages of a .po file, its header left out."""
    messages = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        told, key = {}, ""
        for line in block.splitlines():
            if found := re.match(r'(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?) (".*")$', line):
                key, text = found.groups()
                told[key] = ast.literal_eval(text)
            elif line.startswith('"'):
                told[key] += ast.literal_eval(line)
        if told.get("msgid"):
            said = [text for key, text in sorted(told.items()) if key.startswith("msgstr")]
            is_fuzzy = bool(re.search(r"^#,.*\bfuzzy\b", block, re.M))
            messages.append(
                Message(told.get("msgctxt", ""), told["msgid"], told.get("msgid_plural", ""), said, is_fuzzy)
            )
    return messages


def said_in_python(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKS and node.args:
            words = node.args[0]
            if isinstance(words, ast.Constant) and isinstance(words.value, str):
                yield words.value


def said_in_template(path):
    for found in IN_TEMPLATE.finditer(templatize(path.read_text(encoding="utf-8"), origin=str(path))):
        yield ast.literal_eval(found[1])


def sources():
    root = settings.BASE_DIR
    for app in APPS:
        yield from ((path, said_in_python) for path in (root / app).rglob("*.py"))
    for folder in (root / "templates", *(root / app for app in APPS)):
        for kind in ("*.html", "*.txt"):
            yield from ((path, said_in_template) for path in folder.rglob(kind))


def test_every_sentence_of_the_project_is_in_the_catalogue():
    known = {message.msgid for message in read(OWN)}
    missing = [
        f"{path.relative_to(settings.BASE_DIR)}: {words}"
        for path, said_in in sources()
        for words in said_in(path)
        if words not in known
    ]
    assert missing == [], "python3 run.py messages, then say these in Urdu"


def test_the_catalogue_holds_only_what_the_project_says():
    said = {words for path, said_in in sources() for words in said_in(path)}
    assert [str(message) for message in read(OWN) if message.msgid not in said] == []


@CATALOGUES
def test_no_message_is_untranslated_or_fuzzy(catalogue):
    messages = read(catalogue)
    assert len(messages) > (10 if catalogue == ENGLISH else 100)
    assert [str(message) for message in messages if message.is_fuzzy or not all(message.said)] == []


@CATALOGUES
def test_a_message_of_several_has_both_numbers(catalogue):
    assert [
        str(message) for message in read(catalogue) if len(message.said) != (2 if message.plural else 1)
    ] == []


@CATALOGUES
def test_placeholders_and_tags_are_those_of_the_english_sentence(catalogue):
    wrong = []
    for message in read(catalogue):
        english = [sorted(PLACEHOLDER.findall(text)) for text in (message.msgid, message.plural) if text]
        wrong += [text for text in message.said if sorted(PLACEHOLDER.findall(text)) not in english]
        # %s and %d are filled by their place.
        unnamed = [re.findall(r"%[sd]|\{\}", text) for text in (message.msgid, *message.said)]
        wrong += [message.msgid] if len(unnamed) == 2 and unnamed[0] != unnamed[1] else []
    assert wrong == []


@CATALOGUES
def test_the_compiled_catalogue_says_what_the_written_one_says(catalogue):
    expected = {}
    for message in read(catalogue):
        key = f"{message.context}\x04{message.msgid}" if message.context else message.msgid
        expected |= (
            {(key, n): text for n, text in enumerate(message.said)}
            if message.plural
            else {key: message.said[0]}
        )
    with catalogue.with_suffix(".mo").open("rb") as file:
        compiled = dict(gettext.GNUTranslations(file)._catalog)
    compiled.pop("")
    assert compiled == expected, "python3 run.py messages"


def test_the_libraries_still_say_what_is_translated_for_them():
    said = set()
    for library in ("django", "allauth", "import_export"):
        folder = Path(importlib.util.find_spec(library).origin).parent
        # The first two have a catalogue of English, the last has none.
        for language in ("en", "fr"):
            for path in folder.rglob(f"locale/{language}/LC_MESSAGES/django.po"):
                said |= {message.msgid for message in read(path)}
    translated = [*read(LIBRARIES), *read(ENGLISH)]
    assert [str(message) for message in translated if message.msgid not in said] == []


def test_what_is_worded_anew_in_english_is_worded_in_urdu_as_well():
    urdu = {message.msgid for message in read(LIBRARIES)}
    assert [str(message) for message in read(ENGLISH) if message.msgid not in urdu] == []


class UrduWalk(Walk):
    """Its leaks are pages that are not set from right to left, or fail."""

    def read(self, response, address):
        text = super().read(response, address)
        if "<html" in text and '<html lang="ur" dir="rtl">' not in text:
            self.leaks.append(f"{address} is not set from right to left")
        return text

    def try_others(self, method, address, data):
        """The wall has its own test."""


@pytest.mark.slow
@pytest.mark.django_db
def test_every_page_of_the_staff_is_set_from_right_to_left():
    institution = InstitutionFactory(slug="here", name="Here")
    project = ProjectFactory(institution=institution, slug="season", name="Season")
    alice = UserFactory(language="ur")
    World(project, MARK, OURS).fill(alice)
    Membership.objects.create(institution=institution, user=alice, role=Role.ADMINISTRATOR)
    ProjectMember.objects.create(project=project, user=alice, role=ProjectRole.OWNER)
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    place = "/at/here/season/staff/"
    pages = [page.route for page in admin.site.pages if "<" not in page.route]
    lists = [f"{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]

    walk = UrduWalk(client, secrets=(), neighbours=())
    walk.crawl("/", *(place + path for path in (*pages, *lists, *(f"{path}add/" for path in lists))))

    assert walk.leaks == []
    assert len(walk.addresses) > 150


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/account/login/", "/account/signup/", "/account/password/reset/"])
def test_a_visitor_whose_browser_asks_for_urdu_gets_it(client, address):
    response = client.get(address, headers={"Accept-Language": "ur-PK,ur;q=0.9,en;q=0.5"})
    assert '<html lang="ur" dir="rtl">' in response.content.decode()
