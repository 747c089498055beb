import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from accounts.models import User
from projects.models import Institution, Membership, Project, ProjectMember, ProjectRole, Role
from scheduling import findings, importing, publishing, solving
from scheduling.models import Publication, Run, Solution
from scheduling.sample_season import add_office_work, invent

PEOPLE = (
    ("registrar@model.example", "Registrar", Role.ADMINISTRATOR, None),
    ("planner@model.example", "Planner", Role.STAFF, ProjectRole.PLANNER),
    ("viewer@model.example", "Viewer", Role.STAFF, ProjectRole.VIEWER),
)


class Command(BaseCommand):
    help = "Invent a university, take its workbook to a published datesheet, and print the sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seconds", type=int, default=15, help="how long to search for the datesheet (15)"
        )
        parser.add_argument("--students", type=int, default=5000)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError(
                "The demo makes sign-ins of its own: set DEMO=1 for an installation that is one."
            )
        project = self.make_project()
        if not Publication.objects.for_project(project).current().exists():
            self.main_job(project, students=options["students"], seconds=options["seconds"])
        self.sign_ins(project)

    def make_project(self) -> Project:
        """The demo's project; one whose main job was interrupted begins anew."""
        institution, _new = Institution.objects.get_or_create(
            slug="model",
            defaults={
                "name": "Model University",
                "address": "1 University Road",
                "time_zone": "Asia/Karachi",
                "requires_second_factor": False,
            },
        )
        unfinished = Project.objects.filter(institution=institution, slug="autumn")
        if not Publication.objects.filter(project__in=unfinished).exists():
            unfinished.delete()
        project, _new = Project.objects.get_or_create(
            institution=institution,
            slug="autumn",
            defaults={"name": "Final examinations", "term": "Autumn semester"},
        )
        return project

    def main_job(self, project: Project, *, students: int, seconds: int) -> None:
        """From the registrar's workbook to a published datesheet."""
        place = Path(settings.PLACE)
        with self.timed("workbook written"):
            invent(students=students).save(place / "workbook.xlsx")
        with self.timed("workbook imported"):
            outcome = importing.import_workbooks(
                project=project,
                uploads=[importing.Upload(place / "workbook.xlsx", "workbook.xlsx")],
            )
        for sheet, rows in outcome.report.accepted.items():
            self.stdout.write(f"    {rows:>7,} {sheet}")
        with self.timed("office's own rules added"):
            add_office_work(project)
        # A machine that is busy with something else gets less done in its seconds.
        solution = self.solve(project, seconds) or self.solve(project, 6 * seconds)
        if solution is None:
            raise CommandError("The demo's plan has hard faults, or somebody without a seat, or open posts.")
        solving.make_live(solution=solution)
        with self.timed("published"):
            publishing.publish(project=project, kind=Publication.Kind.FINAL)
        with self.timed(f"prints written to {place / 'prints'}"):
            call_command("export_project", project.path, out=str(place / "prints"), stdout=self.stdout)

    def solve(self, project: Project, seconds: int) -> Solution | None:
        """A solution in which everything is as it must be, if so many seconds are enough for one."""
        with self.timed("datesheet, seats and duties made"):
            solution = solving.solve_now(project=project, part=Run.Part.ALL, seconds=seconds)
        with self.timed("every rule recounted from the tables"):
            hard = findings.count_hard(findings.check(solution))
        self.stdout.write(
            f"    {hard} hard faults, {solution.unplaced} exams left out, "
            f"{solution.unseated} candidates without a seat, {solution.unfilled} posts open, "
            f"cost {solution.cost:,}"
        )
        return None if hard or solution.unseated or solution.unfilled else solution

    def sign_ins(self, project: Project) -> None:
        """Passwords are new each time: this is the only place where they are seen."""
        self.stdout.write("\n  Sign in as")
        for email, name, role, project_role in PEOPLE:
            password = secrets.token_urlsafe(9)
            user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
            user.set_password(password)
            user.save()
            user.confirm_email()
            Membership.objects.get_or_create(
                institution=project.institution, user=user, defaults={"role": role}
            )
            if project_role:
                ProjectMember.objects.get_or_create(
                    project=project,
                    user=user,
                    defaults={"role": project_role, "institution": project.institution},
                )
            self.stdout.write(f"    {email:<26} {password:<14} {name.lower()}")
        address = reverse("scheduling:datesheet", args=[project.institution.slug, project.slug])
        self.stdout.write(f"  Staff:  {settings.SITE_URL}{reverse('home')}")
        self.stdout.write(f"  Public: {settings.SITE_URL}{address}")
        newest = Solution.objects.for_project(project).first()
        self.stdout.write(f"  Solution {newest.number}, version {newest.publications.first().version}.\n")

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.stdout.write(f"  {time.monotonic() - start:6.1f} s  {what}")
        self.stdout.flush()
