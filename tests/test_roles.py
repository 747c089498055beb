"""Who may only look changes nothing, whatever they send; and no page leads to where it is refused."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models

from projects.models import ProjectRole
from tests.test_the_wall import PLACE, ROWS_OF_PAGES, contents, ours, person, unlogged  # noqa: F401
from tests.walk import Walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Whose row a number in a page's address is, where the walk along the wall needs no name for it.
ROWS = {
    "files": "projects.StoredFile",
    "runs": "scheduling.Run",
    "save-points": "projects.SavePoint",
    "solutions": "scheduling.Solution",
    "uploads": "scheduling.WorkbookImport",
    "exam": "scheduling.Exam",
}
# What the buttons of all pages send.
BUTTONS = [
    {"do": does, "stage": "rules", "typed": "season", "name": "Changed", "slug": "changed"}
    for does in ("save", "move", "copy", "put-away", "take-out", "delete")
] + [
    {"pin": "", "kind": "draft", "because": "Changed", "make": "", "seconds": "1", "part": "datesheet"},
    {"unpin": "", "preset": "university", "to": "1-1-1", "skips_errors": "", "on": "2027-01-04"},
]


def addresses_of_pages(world):
    for page in admin.site.pages:
        labels = ROWS_OF_PAGES.get(page.name, {})
        place = page.route.partition("/")[0]

        def key(found, labels=labels, place=place):
            name = found[1]
            label = labels.get(name) or ROWS.get(name) or ROWS.get(place)
            # The pages of bookings lie outside any project.
            return str(world.rows[apps.get_model(label)][0].pk) if label else "1"

        yield re.sub(r"<slug:\w+>", "by_day", re.sub(r"<int:(\w+)>", key, page.route))


def values_of(row):
    """As the row's form would send them, with other words."""
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        is_words = isinstance(field, models.CharField | models.TextField) and not field.choices
        if value is not None and not isinstance(field, models.FileField | models.JSONField):
            yield field.name, "Changed" if is_words else value


def posts_to_lists(world):
    for model, model_admin in admin.site._registry.items():
        base = f"{model._meta.app_label}/{model._meta.model_name}/"
        rows = world.rows.get(model, [])
        actions = [act if isinstance(act, str) else act.__name__ for act in model_admin.actions or ()]
        for action in ["delete_selected", *actions]:
            yield base, {"action": action, "_selected_action": [row.pk for row in rows], "post": "yes"}
        for row in rows[:1]:
            yield f"{base}add/", dict(values_of(row))
            yield f"{base}{row.pk}/change/", dict(values_of(row))
            yield f"{base}{row.pk}/delete/", {"post": "yes"}


def test_a_viewer_changes_nothing(ours):  # noqa: F811
    client = person(ProjectRole.VIEWER, ours)
    before = contents(ours)
    for address in addresses_of_pages(ours):
        for told in BUTTONS:
            assert client.post(PLACE + address, told).status_code < 500, (address, told)
    for address, told in posts_to_lists(ours):
        assert client.post(PLACE + address, told).status_code < 500, (address, told)
    assert contents(ours) == before


class Links(Walk):
    """Follows what pages offer, and remembers what was refused then."""

    def read(self, response, address):
        if response.status_code >= 400:
            self.leaks.append(f"{address} answers {response.status_code}")
        return super().read(response, address)

    def try_others(self, *_told):
        return None


@pytest.mark.parametrize("role", [ProjectRole.VIEWER, ProjectRole.DUTY_CLERK])
def test_no_page_leads_to_one_that_is_refused(role, ours):  # noqa: F811
    walk = Links(person(role, ours), secrets=()).crawl(PLACE, inside=PLACE)
    assert walk.leaks == [], "\n".join(walk.leaks)
    assert len(walk.addresses) > 100
