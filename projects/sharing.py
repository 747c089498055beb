"""Who works in a project, and what becomes of it: next season's copy, the archive, the end.

The callers check who asks (projects.access): members are the owners' affair.
"""

from collections.abc import Callable, Collection
from tempfile import TemporaryFile
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User

from . import archive, files, history, members, stages
from .archive import tables
from .models import BusyTime, Institution, Project, ProjectMember, ProjectRole


class CannotShare(Exception):
    """Why the members stay as they are, in words for the owner."""


class CannotCopy(Exception):
    """Why no project was made, in words for the person who asked."""


class CannotPutAway(Exception):
    """Why a project is not archived now, in words for its owner."""


class CannotDelete(Exception):
    """Why a project stays, in words for its owner."""


class Part(NamedTuple):
    """What a copy for the next season may take along, as one choice.

    carry: what the old season's outcome changes in the new one's rows, besides copying them.
    """

    code: str
    label: str | Promise
    models: tuple[type[Model], ...]
    carry: Callable[[Project, Project], None] | None = None


_parts: dict[str, Part] = {}


def register_part(
    code: str,
    label: str | Promise,
    *models: type[Model],
    carry: Callable[[Project, Project], None] | None = None,
) -> None:
    """Offer these models as one choice when a project is copied. What is in no part is never copied."""
    _parts[code] = Part(code, label, models, carry)


def parts() -> list[Part]:
    return list(_parts.values())


# --- members --------------------------------------------------------------------------------------------
@transaction.atomic
def add_member(
    *, project: Project, email: str, role: str, by: User, department: str = "", name: str = ""
) -> ProjectMember:
    """Let the person with that address in; who is new gets an account and a mail that leads in."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise CannotShare(_("Write the whole e-mail address.")) from None
    check_role(project=project, member=None, role=role, department=department)
    check_is_new(project=project, email=email)
    with history.acting(by=by):
        return members.invite_to_project(
            project=project, email=email, name=name, role=role, by=by, department=department.strip()
        )


@transaction.atomic
def change_role(*, member: ProjectMember, role: str, by: User, department: str = "") -> None:
    member = _locked(member)
    check_role(project=member.project, member=member, role=role, department=department)
    member.role, member.department = role, department.strip()
    with history.acting(by=by):
        member.save()


@transaction.atomic
def remove_member(*, member: ProjectMember, by: User) -> None:
    member = _locked(member)
    if is_last_owner(member):
        raise CannotShare(_("Make somebody else an owner first: this is the last one."))
    with history.acting(by=by):
        member.delete()


def _locked(member: ProjectMember) -> ProjectMember:
    # Two owners who remove each other at once must not both succeed.
    Project.objects.select_for_update().get(pk=member.project_id)
    return ProjectMember.objects.get(pk=member.pk)


def is_last_owner(member: ProjectMember) -> bool:
    owners = ProjectMember.objects.filter(project=member.project_id, role=ProjectRole.OWNER)
    return member.role == ProjectRole.OWNER and not owners.exclude(pk=member.pk).exists()


def check_is_new(*, project: Project, email: str) -> None:
    if ProjectMember.objects.for_project(project).filter(user__email__iexact=email.strip()).exists():
        raise CannotShare(_("That person is a member already: change the role instead."))


def check_role(*, project: Project, member: ProjectMember | None, role: str, department: str) -> None:
    """Raise CannotShare if the member (None: somebody new) cannot have that role."""
    if member and role != ProjectRole.OWNER and is_last_owner(member):
        raise CannotShare(_("Make somebody else an owner first: this is the last one."))
    if role not in ProjectRole.values:
        raise CannotShare(_("Choose a role from the list."))
    if role == ProjectRole.DEPARTMENT and not department.strip():
        raise CannotShare(_("Name the department whose rows this member may edit."))


# --- projects -------------------------------------------------------------------------------------------
@transaction.atomic
def make_project(
    *, institution: Institution, slug: str, name: str, by: User | None, term: str = ""
) -> Project:
    """A new, empty project, owned by the person who makes it."""
    name = name.strip()
    if not name:
        raise CannotCopy(_("Give the project a name."))
    if slug != slugify(slug) or not slug or len(slug) > 50 or slug == "staff":
        raise CannotCopy(_("Write the address in small letters, numbers and hyphens, such as spring-2027."))
    project = Project(institution=institution, slug=slug, name=name[:150], term=term[:100])
    with history.acting(by=by):
        try:
            with transaction.atomic():
                project.save(force_insert=True)
        except IntegrityError:
            raise CannotCopy(_("Another project has that address: choose another.")) from None
        if by:
            ProjectMember.objects.create(project=project, user=by, role=ProjectRole.OWNER)
    return project


def copy_project(
    *, project: Project, slug: str, name: str, by: User, parts: Collection[str], term: str = ""
) -> Project:
    """The next season's project with the chosen parts of this one; no solutions, dates or registrations."""
    unknown = set(parts) - set(_parts)
    if unknown:
        raise CannotCopy(_("Choose what is copied from the list."))
    chosen = {model for code in parts for model in _parts[code].models}
    links = {table.model for table in tables.tables() if table.is_link and _owner(table) in chosen}
    leaving = [table.model for table in tables.tables() if table.model not in chosen | links]
    with TemporaryFile() as file:
        archive.dump(project, file, leaving_out=leaving)
        file.seek(0)
        with transaction.atomic():
            new = make_project(institution=project.institution, slug=slug, name=name, by=by)
            with history.acting(by=by), history.quiet():
                archive.restore(new, file)
                for code in parts:
                    if carry := _parts[code].carry:
                        carry(project, new)
            # The archive brings the old season's stage and term along.
            Project.objects.filter(pk=new.pk).update(stage="data", term=term.strip()[:100])
            with history.acting(by=by):
                what = _("copied from %(name)s") % {"name": project.name}
                history.note(institution=new.institution, project=new, what=what)
    new.refresh_from_db()
    return new


def restore_as_new(
    *, institution: Institution, slug: str, name: str, by: User | None, file: object
) -> Project:
    """A new project from an archive file."""
    with transaction.atomic():
        project = make_project(institution=institution, slug=slug, name=name, by=by)
        with history.acting(by=by), history.quiet():
            archive.restore(project, file)  # type: ignore[arg-type]
        with history.acting(by=by):
            history.note(institution=institution, project=project, what=_("restored from an archive file"))
    return project


@transaction.atomic
def put_away(*, project: Project, by: User) -> None:
    """Archive a project: it can be read, not changed, neither by who is at it just now."""
    Project.objects.select_for_update().get(pk=project.pk)
    if sentences := stages.hindrances(project):
        raise CannotPutAway(" ".join(sentences))
    _set_archived(project, True, by)


def take_out(*, project: Project, by: User) -> None:
    """Take a project out of the archive."""
    _set_archived(project, False, by)


def _set_archived(project: Project, is_archived: bool, by: User) -> None:
    with history.acting(by=by):
        project.is_archived = is_archived
        project.save(update_fields=["is_archived"])


def delete_project(*, project: Project, typed: str, by: User | None) -> None:
    """Delete a project with all rows and files, if its address was typed."""
    if typed.strip() != project.slug:
        raise CannotDelete(_("Type the project's address, %(slug)s, to delete it.") % {"slug": project.slug})
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        if sentences := stages.hindrances(project):
            raise CannotDelete(" ".join(sentences))
        with history.acting(by=by), history.quiet():
            archive.remove_rows(project)
            BusyTime.objects.filter(
                institution=project.institution_id, source=f"project:{project.pk}"
            ).delete()
            history.note(
                institution=project.institution,
                project=project,
                action="removed",
                model=Project,
                what=project.name,
            )
            kept = Project(pk=project.pk, institution_id=project.institution_id)
            project.delete()
        transaction.on_commit(lambda: files.remove_all(kept))


def _owner(table: tables.Table) -> type[Model]:
    """The model whose many-to-many field a link table is."""
    return table.columns[0].related_model  # type: ignore[return-value]
