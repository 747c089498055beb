"""A walk along the wall: all pages that a person can reach, with an eye on what belongs to somebody else.

Keys tell worlds apart: those of the neighbours begin with 6600 (another institution) and 7700 (another
project of ours), ours with 9900, so that rows made on the way are ours too; 8800 is nobody's. Each link and
form in which one of our keys stands is tried again with a neighbour's key and with nobody's: the two answers
must be the same.
"""

import functools
import io
import re
import zipfile
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.urls import Resolver404, resolve

OTHERS, SIBLINGS, NOBODYS, OURS = 6_600_000, 7_700_000, 8_800_000, 9_900_000
MARK, OTHER_MARK, SIBLING_MARK = "OURMARK", "SECRETOTHER", "SECRETSIBLING"
OUR_KEY = re.compile(r"(?<!\d)9900(\d{3})(?!\d)")
OTHERS_KEYS = re.compile(r"(?<![\d.])6600\d{3}(?!\d)")
THEIR_KEYS = re.compile(r"(?<![\d.])(?:6600|7700)\d{3}(?!\d)")
ANY_KEY = re.compile(r"(?<!\d)(?:6600|7700|8800)\d{3}(?!\d)")
# The last is when a workbook was written.
CHANGING = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|[?&]t=\d+|(?<=W3CDTF">)[\d:TZ-]+')
# Another order of the same rows, or where a page leads back to.
SAME_PAGE = {"o", "all", "p", "_changelist_filters"}
# Pages that end the visit, or that are another person's work to test.
LEFT_OUT = re.compile(r"^/(account|static)/|/jsi18n/|/logout/|/password_change/|/go-away/")


class Page(HTMLParser):
    """The links of a page, and its forms as (action, method, [(name, value, kind)])."""

    def __init__(self, html):
        super().__init__()
        self.links, self.forms = set(), []
        self.form, self.select = None, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        for name in ("href", "hx-get", "data-href", "data-url", "data-find"):
            if told.get(name):
                self.links.add(told[name])
        if told.get("data-find"):
            self.links.add(f"{told['data-find']}?q=s")  # fits every secret mark
        if told.get("hx-post"):
            self.forms.append((told["hx-post"], "post", []))
        if tag == "form":
            self.form = (told.get("action") or "", (told.get("method") or "get").lower(), [])
            self.forms.append(self.form)
        elif tag == "select":
            self.select = told.get("name")
        elif tag == "option" and self.form and self.select:
            self.form[2].append((self.select, told.get("value") or "", "option"))
        elif tag in ("input", "textarea", "button") and self.form and told.get("name"):
            self.form[2].append((told["name"], told.get("value") or "", told.get("type") or tag))
        if tag in ("button", "input") and told.get("formaction") and self.form:
            self.forms.append((told["formaction"], "post", self.form[2]))

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None


def text_of(response):
    """Everything that a person could read, also in a workbook or another zip; without what always changes."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            content = b"\n".join([name.encode() + zipped.read(name) for name in zipped.namelist()])
    return CHANGING.sub("", content.decode("utf-8", "replace"))


@functools.cache
def shape_of(address):
    """Pages of one name with the same questions asked are one page."""
    split = urlsplit(address)
    inside = re.match(r"^(/at/[^/]+(?:/(?!staff/)[^/]+)?)(/staff/.*)$", split.path)
    place, path = inside.groups() if inside else ("", split.path)
    try:
        name = resolve(path).view_name
    except Resolver404:
        name = path
    asked = {key for key, _value in parse_qsl(split.query, keep_blank_values=True)} - SAME_PAGE
    return place, name, frozenset(asked)


class Walk:
    """`thorough`: forms are sent too, and both neighbours' keys are tried."""

    def __init__(
        self, client, *, secrets=(OTHER_MARK, SIBLING_MARK), neighbours=(OTHERS, SIBLINGS), thorough=True
    ):
        self.client, self.secrets, self.thorough = client, secrets, thorough
        self.neighbours = neighbours if thorough else neighbours[:1]
        self.their_key = THEIR_KEYS if SIBLINGS in neighbours else OTHERS_KEYS
        self.leaks, self.shapes, self.addresses = [], set(), []
        self.waiting, self.tried = [], set()

    def crawl(self, *starts, inside=""):
        """Open the pages and all that they lead to, as far as the addresses begin with `inside`."""
        self.waiting += starts
        while self.waiting:
            address = self.waiting.pop()
            shape = shape_of(address)
            if shape in self.shapes or LEFT_OUT.search(urlsplit(address).path):
                continue
            if not address.startswith(inside):
                continue
            self.shapes.add(shape)
            self.addresses.append(address)
            self.open(address)
        return self

    def open(self, address):
        response = self.client.get(address)
        if OUR_KEY.search(address):
            self.try_others("get", address, [])
        if response.status_code in (301, 302):
            self.waiting.append(urljoin(address, response["Location"]))
        is_page = response.get("Content-Type", "").startswith("text/html")
        text = self.read(response, address)
        if not is_page:
            return
        page = Page(text)
        self.waiting += sorted(
            urljoin(address, link).partition("#")[0]
            for link in set(page.links)
            if not link.startswith(("#", "http", "mailto:", "data:"))
        )
        for action, method, fields in page.forms:
            self.fill(urljoin(address, action), method, fields)

    def read(self, response, address):
        text = text_of(response)
        lowered = text.lower()
        for mark in self.secrets:
            if mark.lower() in lowered:
                at = lowered.index(mark.lower())
                self.leaks.append(f"{address} shows {text[max(at - 60, 0) : at + 60]!r}")
        if (key := self.their_key.search(text)) and not ANY_KEY.search(address):
            self.leaks.append(
                f"{address} shows the key {key.group()}: {text[key.start() - 60 : key.end()]!r}"
            )
        if response.status_code >= 500:
            self.leaks.append(f"{address} fails with {response.status_code}")
        return text

    def fill(self, action, method, fields):
        """A form in which a key of ours stands is sent with the keys of others."""
        if LEFT_OUT.search(urlsplit(action).path):
            return
        buttons = [(name, value) for name, value, kind in fields if kind in ("submit", "button")] or [None]
        acts = [
            (name, value) for name, value, kind in fields if name == "action" and kind == "option" and value
        ]
        data = {}
        for name, value, kind in fields:
            if kind in ("submit", "button", "file") or name in ("action", "csrfmiddlewaretoken"):
                continue
            # Of several choices the one with a key of ours, or the last.
            if kind == "option" and OUR_KEY.search(data.get(name, "")):
                continue
            data[name] = value
        for chosen in acts or buttons:
            told = [*data.items(), *([chosen] if chosen else [])]
            if OUR_KEY.search(action) or any(OUR_KEY.search(value) for _name, value in told):
                self.try_others(method, action, told)

    def try_others(self, method, address, data):
        """With the neighbours' keys as with nobody's."""
        once = (method, shape_of(address), tuple(name for name, _value in data), dict(data).get("action"))
        if once in self.tried or not (self.thorough or method == "get"):
            return
        self.tried.add(once)
        answers = {start: self.send(method, address, data, start) for start in (*self.neighbours, NOBODYS)}
        for start in self.neighbours:
            if answers[start] != answers[NOBODYS]:
                self.leaks.append(
                    f"{method} {address} {urlencode(data)[:200]} tells a neighbour's key from nobody's: "
                    f"{difference(answers[start], answers[NOBODYS])}"
                )

    def send(self, method, address, data, start):
        def other(text):
            return OUR_KEY.sub(lambda key: str(start + int(key.group(1))), text)

        told = {}
        for name, value in data:
            told.setdefault(name, []).append(other(value))
        send = self.client.get if method == "get" else self.client.post
        response = send(other(address), told)
        # "… with ID 6600001 does not exist" would be shown by the next page.
        self.client.cookies.pop("messages", None)
        text = self.read(response, other(address))
        location = response.get("Location", "")
        return response.status_code, ANY_KEY.sub("KEY", location), ANY_KEY.sub("KEY", text)


def difference(one, other):
    if one[:2] != other[:2]:
        return f"{one[:2]} and {other[:2]}"
    at = next((n for n, pair in enumerate(zip(one[2], other[2], strict=False)) if pair[0] != pair[1]), 0)
    return f"{one[2][max(at - 80, 0) : at + 80]!r} and {other[2][max(at - 80, 0) : at + 80]!r}"
