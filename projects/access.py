"""Who may do what where. Every door asks here.

An institution's administrators own all its projects; anybody else needs a membership of the project. Who has
none finds nothing: the answer for a project of others and for one that does not exist is the same.
"""

from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet

from accounts.models import User

from .models import Institution, Membership, Project, ProjectMember, ProjectRole, Role

EDITORS = frozenset({ProjectRole.OWNER, ProjectRole.PLANNER})
CLERKS = frozenset({ProjectRole.OWNER, ProjectRole.PLANNER, ProjectRole.DUTY_CLERK})


class Standing(NamedTuple):
    """Where a request stands: the tenant, and the person's roles in it."""

    institution: Institution
    project: Project | None
    institution_role: Role | None
    project_role: ProjectRole | None
    # The only department whose rows a member with that role may edit.
    department: str = ""

    @property
    def is_administrator(self) -> bool:
        return self.institution_role == Role.ADMINISTRATOR

    @property
    def may_edit(self) -> bool:
        """May change the project's data, rules and solutions."""
        return self.project_role in EDITORS and not (self.project and self.project.is_archived)

    @property
    def owns(self) -> bool:
        return self.project_role == ProjectRole.OWNER

    @property
    def may_read_uploads(self) -> bool:
        """What was uploaded holds people's data as they came: it is for those who work with it all."""
        return self.project_role in EDITORS

    @property
    def may_read_confidences(self) -> bool:
        """Who needs a reader, why a slip is withheld, and the codes of slips (who has the code has the slip):
        for those who arrange it."""
        return self.project_role in EDITORS

    @property
    def may_make_projects(self) -> bool:
        return self.institution_role in {Role.ADMINISTRATOR, Role.OFFICE}

    def may_edit_row(self, row: Model) -> bool:
        """May change this row: all editors, and the members of the row's own department."""
        if self.project is None or self.project.is_archived or not self._is_here(row):
            return False
        if self.project_role in EDITORS:
            return True
        mine = self.department.strip().casefold()
        theirs = department_of(row)
        is_mine = bool(mine) and theirs is not None and theirs.strip().casefold() == mine
        return self.project_role == ProjectRole.DEPARTMENT and is_mine

    def _is_here(self, row: Model) -> bool:
        return getattr(row, "project_id", None) == (self.project and self.project.pk)


def department_field(model: type[Model]) -> str:
    """The reference by which a row belongs to a department: its own, or its course's or teacher's."""
    references = {field.name for field in model._meta.concrete_fields if field.is_relation}
    return next((name for name in ("department", "course", "teacher") if name in references), "")


def department_of(row: Model) -> str | None:
    """The name of the row's department; None if rows of its kind have none."""
    name = department_field(type(row))
    if not name:
        return None
    if getattr(row, f"{name}_id") is None:
        return ""
    other = getattr(row, name)
    return str(other) if name == "department" else department_of(other)


def institutions_of(user: User | AnonymousUser) -> QuerySet[Institution]:
    """Where the person is a member, or is let into a project."""
    if not user.is_authenticated:
        return Institution.objects.none()
    mine = Q(pk__in=Membership.objects.filter(user=user).values("institution"))
    shared = Q(pk__in=ProjectMember.objects.filter(user=user).values("institution"))
    return Institution.objects.filter(mine | shared)


def projects_of(user: User | AnonymousUser) -> QuerySet[Project]:
    if not user.is_authenticated:
        return Project.objects.none()
    member = Q(pk__in=ProjectMember.objects.filter(user=user).values("project"))
    administrator = Q(
        institution__in=Membership.objects.filter(user=user, role=Role.ADMINISTRATOR).values("institution")
    )
    return Project.objects.filter(member | administrator).select_related("institution")


def standing(user: User | AnonymousUser, institution_slug: str, project_slug: str | None) -> Standing | None:
    """The person's standing at that address, or None where the person has none (or nothing is there).

    Only the person's own memberships are looked up, so that what is of others takes as long as what is not.
    """
    if not user.is_authenticated:
        return None
    here = {"user": user, "institution__slug": institution_slug}
    membership = Membership.objects.filter(**here).select_related("institution").first()
    institution_role = Role(membership.role) if membership else None
    joined = ProjectMember.objects.filter(**here).select_related("institution", "project")
    if project_slug is None:
        within = membership or joined.first()
        return Standing(within.institution, None, institution_role, None) if within else None
    if membership and institution_role == Role.ADMINISTRATOR:
        project = Project.objects.filter(institution=membership.institution, slug=project_slug).first()
        if project is None:
            return None
        project.institution = membership.institution
        return Standing(membership.institution, project, institution_role, ProjectRole.OWNER)
    member = joined.filter(project__slug=project_slug).first()
    if member is None:
        return None
    member.project.institution = member.institution
    return Standing(
        member.institution, member.project, institution_role, ProjectRole(member.role), member.department
    )


def is_staff_somewhere(user: User | AnonymousUser) -> bool:
    return institutions_of(user).exists()


def needs_second_factor(user: User | AnonymousUser) -> bool:
    """Does an institution that the person works for ask for a second factor?"""
    return institutions_of(user).filter(requires_second_factor=True).exists()
