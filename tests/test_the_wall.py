"""Nobody finds anything of an institution or a project that is not theirs: a walk along the whole wall."""

import functools
import io
import logging
import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.test import Client
from django.urls import URLPattern, get_resolver

from projects import archive
from projects.models import (
    Institution,
    Membership,
    OutboxMessage,
    Project,
    ProjectMember,
    ProjectModel,
    ProjectRole,
    Role,
    TenantModel,
)
from tests.factories.accounts import UserFactory
from tests.factories.everything import World
from tests.factories.projects import InstitutionFactory, ProjectFactory
from tests.walk import MARK, OTHER_MARK, OTHERS, OURS, SIBLING_MARK, SIBLINGS, Walk, text_of

pytestmark = pytest.mark.django_db

# Tables that belong to no institution, or to none for sure; each says why.
OF_NO_TENANT = {
    "accounts.User": "a person may work for several institutions",
    "projects.Institution": "is the tenant",
    "projects.OutboxMessage": "mail about an account belongs to no institution",
    "projects.Bucket": "counts acts of people who may not have signed in",
}
# Unique keys that do not begin with the tenant.
UNIQUE_EVERYWHERE = {
    "projects_outboxmessage.dedupe": "holds the institution itself, hashed",
    "bookings_places.session": "is the key of a row of the same institution",
}
# Pages that have no link in our world (a run that is over cannot be cancelled), and whose keys they take.
ROWS_OF_PAGES = {
    "run_progress": {"number": "scheduling.Run"},
    "cancel_run": {"number": "scheduling.Run"},
    "replay_run": {"number": "scheduling.Run"},
    "read_again": {"number": "scheduling.WorkbookImport"},
    "upload_progress": {"number": "scheduling.WorkbookImport"},
    "take_over": {"number": "scheduling.WorkbookImport"},
    "move_exam": {"number": "scheduling.Solution", "exam": "scheduling.Exam"},
    "rooms_seated": {"number": "scheduling.Solution"},
    "seat_map": {
        "number": "scheduling.Solution",
        "period": "scheduling.Period",
        "room": "scheduling.Room",
    },
    "seat_changes": {"number": "scheduling.Solution"},
    "seat_late": {"number": "scheduling.Solution"},
    "lose_room": {
        "number": "scheduling.Solution",
        "period": "scheduling.Period",
        "room": "scheduling.Room",
    },
    "stand_in": {"number": "scheduling.Solution"},
    "decline_duty": {"number": "scheduling.Solution", "duty": "scheduling.Duty"},
    "pin_seat": {"number": "scheduling.Solution", "seating": "scheduling.Seating"},
    "move_candidate": {"number": "scheduling.Solution", "seating": "scheduling.Seating"},
    "roster": {"number": "scheduling.Solution"},
    "duty": {"number": "scheduling.Solution", "duty": "scheduling.Duty"},
    "pin_duty": {"number": "scheduling.Solution", "duty": "scheduling.Duty"},
    "give_duty": {"number": "scheduling.Solution", "duty": "scheduling.Duty"},
    "photo": {"number": "scheduling.Student"},
    "family_account": {"number": "bookings.Household"},
    "upload_errors": {"number": "scheduling.WorkbookImport", "file": "projects.StoredFile"},
}
# Pages that the walk leaves out, and who looks after them.
NOT_WALKED = {
    "healthz": "says ok",
    "readyz": "says ready",
    "admin:jsi18n": "translations",
    "admin:print_picture": "shows what print_preview shows, and takes no key",
    "admin:login": "leads to the account",
    "admin:logout": "leads to the account",
    "admin:password_change": "leads to the account",
    "admin:password_change_done": "leads to the account",
    "admin:view_on_site": "no model has such a page",
    "scheduling:datesheet": "is public",
    "scheduling:slip": "is public, to who has the code: tests/scheduling/test_slips.py",
}


def fill(project, mark, first_key, *, of_institution=True):
    person = UserFactory(name=f"{mark} Person", email=f"{mark.lower()}@example.edu")
    world = World(project, mark, first_key).fill(person, of_institution=of_institution)
    ProjectMember.objects.create(project=project, user=person, role=ProjectRole.OWNER)
    if of_institution:
        OutboxMessage.objects.create(
            pk=first_key + 900, institution=project.institution, to=person.email, subject=mark, text=mark
        )
    return world


@pytest.fixture
def ours():
    """Our institution and season, filled with rows of every kind."""
    institution = InstitutionFactory(slug="here", name="Here")
    return fill(ProjectFactory(institution=institution, slug="season", name="Season"), MARK, OURS)


@pytest.fixture
def others():
    """Another institution whose codes are the same, and whose every word is a secret."""
    institution = InstitutionFactory(pk=OTHERS + 990, slug="there", name=f"{OTHER_MARK} University")
    project = ProjectFactory(
        pk=OTHERS + 991, institution=institution, slug="season", name=f"{OTHER_MARK} Season"
    )
    return fill(project, OTHER_MARK, OTHERS)


@pytest.fixture
def siblings(ours):
    """Another season of our institution: open to its administrators, at its own address."""
    project = ProjectFactory(
        pk=SIBLINGS + 991, institution=ours.institution, slug="sibling", name=f"{SIBLING_MARK} Season"
    )
    return fill(project, SIBLING_MARK, SIBLINGS, of_institution=False)


@pytest.fixture(autouse=True)
def unlogged():
    """A walk is refused a thousand times: to write each down takes longer than to refuse it."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def town(ours, others, siblings):
    return ours, others, siblings


def person(role, ours):
    """A client of somebody with that role in our institution or our project."""
    client = Client(raise_request_exception=False)
    if role == "anonymous":
        return client
    user = UserFactory(email=f"{role}@example.edu")
    if role in Role.values:
        Membership.objects.create(institution=ours.institution, user=user, role=role)
    elif role in ProjectRole.values:
        ProjectMember.objects.create(project=ours.project, user=user, role=role, department=f"{MARK} name 0")
    client.force_login(user)
    return client


def contents(world):
    """All that a project holds, but for its own history."""
    file = io.BytesIO()
    archive.dump(world.project, file)
    return file.getvalue()


PLACE = "/at/here/season/staff/"


# --- the walk -------------------------------------------------------------------------------------------
def addresses_of_all_lists(opens=lambda base: True, *, thorough=True):
    """Each model's list, form, search and filters; and the choices of each reference.

    A list that does not open is refused before its question is read: one question is enough. Not `thorough`:
    the filters that a list offers, and each model's choices once.
    """
    asked_for = set()
    for model, model_admin in admin.site._registry.items():
        base = f"{model._meta.app_label}/{model._meta.model_name}/"
        yield base
        yield f"{base}add/"
        yield f"{base}?q={OTHER_MARK}"
        if not opens(base):
            continue
        filters = str(model_admin.list_filter)
        for field in model._meta.concrete_fields:
            if not field.is_relation:
                continue
            if thorough or field.name in filters:
                yield f"{base}?{field.name}__id__exact={OURS}"
            if thorough or field.related_model not in asked_for:
                asked_for.add(field.related_model)
                asked = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}"
                yield f"autocomplete/?{asked}&field_name={field.name}&term="
        if model_admin.date_hierarchy:
            yield f"{base}?{model_admin.date_hierarchy}__year=2027"


def addresses_of_rows(world, opens=lambda base: True):
    """One row of each model; a key that may lead nowhere where a world has none."""
    for model in admin.site._registry:
        key = world.rows[model][0].pk if model in world.rows else OURS + 1
        base = f"{model._meta.app_label}/{model._meta.model_name}/"
        pages = ("change", "delete", "history") if opens(base) else ("change",)
        yield from (f"{base}{key}/{page}/" for page in pages)
        yield from (f"{base}process_import/", f"{model._meta.app_label}/")


def addresses_without_links(world):
    for page in admin.site.pages:
        if page.name in ROWS_OF_PAGES:
            keys = {
                name: world.rows[apps.get_model(label)][0].pk
                for name, label in ROWS_OF_PAGES[page.name].items()
            }
            yield re.sub(r"<int:(\w+)>", lambda found, keys=keys: str(keys[found[1]]), page.route)


def pages_without_rows(place):
    return [f"{place}{page.route}" for page in admin.site.pages if "<" not in page.route]


def the_walk(client, ours, **options):
    walk = Walk(client, **options)
    opens = opens_for(client, PLACE)
    rows = [
        PLACE + path
        for path in (addresses_of_rows(ours) if walk.thorough else addresses_of_rows(ours, opens))
    ]
    addresses = [PLACE + path for path in addresses_of_all_lists(opens, thorough=walk.thorough)]
    lists = [path for path in addresses if OTHER_MARK not in path]
    walk.crawl(*pages_without_rows(PLACE), *lists, *rows, PLACE, inside=PLACE)
    for path in addresses_without_links(ours):
        walk.try_others("get", PLACE + path, [])
        walk.try_others("post", PLACE + path, [])
    for path in addresses:
        if OTHER_MARK in path:
            search(walk, path)
    return walk


def opens_for(client, place):
    """Whether a list opens for this person; asked once for each."""
    return functools.cache(lambda base: client.get(place + base).status_code == 200)


def search(walk, address):
    """To search for a secret word finds as much as to search for any other word."""
    secret, other = (
        text_of(walk.client.get(asked)) for asked in (address, address.replace(OTHER_MARK, "NOSUCHWORDS"))
    )
    if secret.replace(OTHER_MARK, "NOSUCHWORDS") != other:
        walk.leaks.append(f"{address} finds what is secret")


# The others come along the same code: they open all pages, and try all addresses.
THOROUGH = {ProjectRole.PLANNER, ProjectRole.DEPARTMENT}


@pytest.mark.slow
@pytest.mark.parametrize("role", ProjectRole.values)
def test_whoever_works_in_a_project_sees_nothing_of_another(role, town):
    ours, others, siblings = town
    before = [contents(world) for world in (others, siblings)]

    walk = the_walk(person(role, ours), ours, thorough=role in THOROUGH)

    assert walk.leaks == [], "\n".join(walk.leaks)
    assert len(walk.addresses) > 150
    assert [contents(world) for world in (others, siblings)] == before
    assert rows_across_the_wall() == []


@pytest.mark.slow
@pytest.mark.parametrize("role", Role.values)
def test_whoever_works_in_an_institution_sees_nothing_of_another(role, town):
    ours, _others, _siblings = town
    # All seasons are the administrators'; nobody else is a member of any here.
    is_administrator = role == Role.ADMINISTRATOR
    secrets = [OTHER_MARK] if is_administrator else [OTHER_MARK, SIBLING_MARK]
    neighbours = [OTHERS] if is_administrator else [OTHERS, SIBLINGS]
    walk = Walk(person(role, ours), secrets=secrets, neighbours=neighbours)
    inside = "/at/here/staff/"
    opens = opens_for(walk.client, inside)
    addresses = addresses_of_all_lists(opens, thorough=is_administrator)
    lists = [inside + path for path in addresses if OTHER_MARK not in path]
    rows = [inside + path for path in addresses_of_rows(ours, opens)]
    walk.crawl(*pages_without_rows(inside), *lists, *rows, inside, inside=inside)
    walk.open("/")
    assert walk.leaks == [], "\n".join(walk.leaks)
    assert rows_across_the_wall() == []


@pytest.mark.parametrize("role", ["anonymous", "stranger", "staff", "tutor", "office"])
def test_who_is_no_member_finds_no_project(role, town):
    ours, _others, _siblings = town
    client = person(role, ours)
    for path in (*list(addresses_of_rows(ours))[::9], *list(addresses_of_all_lists())[::9], "", "project/"):
        there = client.get(f"/at/here/season/staff/{path}")
        nowhere = client.get(f"/at/here/nothing/staff/{path}")
        assert there.status_code == nowhere.status_code == (302 if role == "anonymous" else 404)
        assert text_of(there) == text_of(nowhere)


@pytest.mark.parametrize("role", ["anonymous", "stranger", *Role.values, *ProjectRole.values])
def test_another_institution_is_nowhere_for_everybody(role, town):
    ours, _others, _siblings = town
    client = person(role, ours)
    for path in (
        "staff/",
        "season/staff/",
        "season/",
        "season/staff/scheduling/student/",
        "staff/projects/person/",
    ):
        for method in (client.get, client.post):
            there, nowhere = method(f"/at/there/{path}"), method(f"/at/nowhere/{path}")
            assert there.status_code == nowhere.status_code
            assert there.get("Location", "").replace("there", "nowhere") == nowhere.get("Location", "")
            assert text_of(there) == text_of(nowhere)
            assert there.status_code == (302 if role == "anonymous" else 404)


@pytest.mark.slow
def test_an_administrator_comes_by_every_address_and_sees_nothing_of_another(town):
    """A page that the walk does not reach is not covered by it: link it, or name it above."""
    ours, _others, _siblings = town
    walk = the_walk(person("administrator", ours), ours)
    assert walk.leaks == [], "\n".join(walk.leaks)
    walk.crawl("/", "/at/here/season/", *pages_without_rows("/at/here/staff/"), "/at/here/staff/", inside="/")
    reached = {name for _place, name, _asked in walk.shapes} | {once[1][1] for once in walk.tried}
    missed = sorted(all_names() - reached - set(NOT_WALKED))
    assert not missed, "\n".join(missed)
    assert rows_across_the_wall() == []


# What families and tutors open has a walk of its own, tests/bookings/views/test_doors.py; the API has tokens
# in place of people: tests/bookings/test_api.py.
APART = {"bookings", "bookings_api"}


def all_names(patterns=None, space=""):
    found = set()
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                found.add(f"{space}{pattern.name}")
        elif "account/" not in str(pattern.pattern) and pattern.namespace not in APART:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            found |= all_names(pattern.url_patterns, inner)
    return found


# --- the walk finds what it looks for -------------------------------------------------------------------
def everybodys_rows(self, request):
    return self.model._base_manager.all()


def everybodys_choices(self, db_field, request, **kwargs):
    if isinstance(db_field, models.ForeignKey):
        kwargs["queryset"] = db_field.related_model._base_manager.all()
    return admin.ModelAdmin.formfield_for_dbfield(self, db_field, request, **kwargs)


def everybodys_search(self, request, queryset, term):
    return self.model._base_manager.all(), False


@pytest.mark.parametrize(
    ("name", "method", "leaky"),
    [
        ("department", "get_queryset", everybodys_rows),
        ("examrule", "formfield_for_dbfield", everybodys_choices),
        ("course", "get_search_results", everybodys_search),
    ],
)
def test_the_walk_finds_an_admin_that_forgets_the_wall(name, method, leaky, town, monkeypatch):
    ours, _others, _siblings = town
    model = apps.get_model("scheduling", name)
    monkeypatch.setattr(type(admin.site._registry[model]), method, leaky)
    walk = Walk(person("planner", ours))
    base = f"{PLACE}scheduling/{name}/"
    row = ours.rows[model][0]
    walk.crawl(base, f"{base}add/", f"{base}{row.pk}/change/", inside=base)
    if method == "get_search_results":
        asked = f"app_label=scheduling&model_name=registration&field_name={name}&term="
        walk.open(f"{PLACE}autocomplete/?{asked}")
    assert walk.leaks


def test_the_walk_finds_a_page_that_opens_rows_by_their_key_alone(town, monkeypatch):
    ours, _others, _siblings = town
    from projects.models import ProjectQuerySet

    monkeypatch.setattr(ProjectQuerySet, "for_project", lambda self, project: self.all())
    walk = Walk(person("owner", ours))
    point = ours.rows[apps.get_model("projects", "SavePoint")][0]
    walk.open(f"{PLACE}save-points/{point.pk}/go-back/")
    assert any("tells a neighbour's key" in leak for leak in walk.leaks)


# --- tables ---------------------------------------------------------------------------------------------
OUR_MODELS = [
    model
    for model in apps.get_models()
    if model._meta.app_label in ("accounts", "projects", "scheduling", "bookings")
]
TENANTS = [model for model in OUR_MODELS if issubclass(model, TenantModel)]


def names(rows):
    return [model.__name__ for model in rows]


def test_every_table_belongs_to_a_tenant_or_says_why_not():
    without = {model._meta.label for model in OUR_MODELS if not issubclass(model, TenantModel)}
    assert without == set(OF_NO_TENANT)


def tenant_of(model):
    return "project" if issubclass(model, ProjectModel) else "institution"


@pytest.mark.parametrize("model", TENANTS, ids=names(TENANTS))
def test_every_unique_key_begins_with_the_tenant(model):
    meta = model._meta
    for constraint in meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            assert constraint.fields[:1] == (tenant_of(model),), constraint.name
    assert not meta.unique_together, "write it as a UniqueConstraint"
    for field in meta.concrete_fields:
        if field.unique and not field.primary_key:
            assert f"{meta.db_table}.{field.name}" in UNIQUE_EVERYWHERE


@pytest.mark.parametrize("model", TENANTS, ids=names(TENANTS))
def test_every_table_has_an_index_that_begins_with_the_tenant(model):
    keys = [index.fields for index in model._meta.indexes]
    keys += [key.fields for key in model._meta.constraints if isinstance(key, models.UniqueConstraint)]
    first = {key[0] for key in keys if key}
    first |= {field.name for field in model._meta.concrete_fields if field.db_index}
    assert tenant_of(model) in first


@pytest.mark.parametrize("model", TENANTS, ids=names(TENANTS))
def test_every_reference_to_a_row_is_indexed(model):
    """Without it, to delete one student of one project reads the registrations of all projects."""
    keys = [index.fields for index in model._meta.indexes]
    keys += [key.fields for key in model._meta.constraints if isinstance(key, models.UniqueConstraint)]
    first = {key[0].lstrip("-") for key in keys if key}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.related_model not in (Institution, Project):
            assert field.db_index or field.name in first, field


REFERENCES = [
    pytest.param(model, field.name, id=f"{model.__name__}.{field.name}")
    for model in TENANTS
    for field in model._meta.concrete_fields
    if isinstance(field, models.ForeignKey)
    and issubclass(field.related_model, TenantModel)
    and field.name != "project"
]


def test_no_reference_crosses_the_wall(ours, others, siblings):
    """Every reference of every model: clean() refuses the row of a neighbour."""
    for parameter in REFERENCES:
        model, name = parameter.values
        row = ours.rows[model][0]
        target = model._meta.get_field(name).related_model
        strangers = [others] if not issubclass(target, ProjectModel) else [others, siblings]
        for neighbour in strangers:
            setattr(row, name, neighbour.rows[target][0])
            with pytest.raises(ValidationError) as refusal:
                row.clean()
            assert name in refusal.value.message_dict, parameter.id
        row.refresh_from_db()
        row.clean()


def rows_across_the_wall():
    """References that lead from one tenant into another, of all models."""
    crossing = []
    for parameter in REFERENCES:
        model, name = parameter.values
        target = model._meta.get_field(name).related_model
        inside = tenant_of(model) if issubclass(target, ProjectModel) else "institution"
        astray = model._base_manager.exclude(**{f"{name}__isnull": True}).exclude(
            **{f"{name}__{inside}": models.F(inside)}
        )
        if astray.exists():
            crossing.append(parameter.id)
    return crossing


def test_of_no_tenant_there_are_no_rows(ours):
    for model in TENANTS:
        if model in (Project, Membership) or not issubclass(model, ProjectModel):
            assert not model.objects.for_institution(None).exists(), model
        else:
            assert not model.objects.for_project(None).exists(), model


def test_the_filler_knows_every_kind_of_row(ours):
    assert {model for model in TENANTS if not model._base_manager.exists()} <= {
        apps.get_model("projects", "Place"),
        Membership,
    }


def test_an_archived_copy_of_one_project_holds_nothing_of_another(town):
    ours, _others, _siblings = town
    text = contents(ours)
    import zipfile

    with zipfile.ZipFile(io.BytesIO(text)) as zipped:
        told = b"".join(zipped.read(name) for name in zipped.namelist())
    assert OTHER_MARK.encode() not in told
    assert SIBLING_MARK.encode() not in told
    assert MARK.encode() in told
