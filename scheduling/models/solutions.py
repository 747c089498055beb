"""One version of the whole plan, and the run that made it."""

from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from projects.models import Project, ProjectModel, ProjectQuerySet, Stage

from .calendar import Period
from .exams import Sitting
from .places import Room


class RuleSetting(ProjectModel):
    """How a project uses a rule of scheduling.rules: on or off, hard or soft, how dear, which numbers."""

    rule = models.CharField(_("rule"), max_length=40)
    is_on = models.BooleanField(_("used"), default=True)
    is_hard = models.BooleanField(_("must hold"), default=False)
    weight = models.PositiveIntegerField(_("weight"), default=1)
    limit = models.PositiveSmallIntegerField(_("limit"), null=True, blank=True)
    days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["rule"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "rule"],
                name="scheduling_rulesetting_once",
                violation_error_message=_("This project has that rule already: change it instead."),
            )
        ]

    def __str__(self) -> str:
        return self.rule


class Run(ProjectModel):
    """One solve: asked for, running, over. The row is the truth; the queue is only the doorbell."""

    # It changes every second while it runs, and keeps its own record.
    keeps_history = False

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting for a worker")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Part(models.TextChoices):
        DATESHEET = "datesheet", _("datesheet")
        SEATS = "seats", _("seats")
        DUTIES = "duties", _("duties")
        ALL = "all", _("all parts")

    UNDER_WAY = (State.QUEUED, State.RUNNING)

    part = models.CharField(_("part"), max_length=10, choices=Part.choices, default=Part.DATESHEET)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    seconds = models.PositiveIntegerField(_("seconds"), default=60)
    steps = models.PositiveBigIntegerField(_("steps"), null=True, blank=True)
    seed = models.PositiveBigIntegerField(_("seed"), default=1)
    workers = models.PositiveSmallIntegerField(_("workers"), default=1)
    # A solution to begin from, and one to stay close to.
    start_from = models.ForeignKey(
        "scheduling.Solution", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The record of another run's steps, to be taken again exactly.
    replay_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replays"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)
    claim = models.CharField(max_length=32, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    cancel_requested_at = models.DateTimeField(null=True, blank=True, editable=False)
    # {"seconds", "temperature", "best", "hard", "by_rule", "curves": {part: [[seconds, best], …]}}
    progress = models.JSONField(default=dict, blank=True, editable=False)
    input_hash = models.CharField(max_length=64, blank=True, editable=False)
    # What a replay needs: seed, steps and temperatures of the winner.
    record = models.JSONField(default=dict, blank=True, editable=False)
    message = models.CharField(_("message"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(state__in=["queued", "running"]),
                name="scheduling_run_one_under_way",
                violation_error_message=_("A run of this project is under way: wait for it or cancel it."),
            )
        ]
        indexes = [models.Index(fields=["project", "-asked_at"], name="scheduling_run_newest")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY


class SolutionQuerySet(ProjectQuerySet):
    def live(self) -> Self:
        return self.filter(is_live=True)

    def create_next(self, *, project: Project, **fields: Any) -> Any:
        """A new solution with the project's next number; the project is held, so that it is nobody else's."""
        with transaction.atomic():
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            last = self.for_project(project).aggregate(last=Max("number"))["last"] or 0
            return self.create(project=project, number=last + 1, **fields)


class Solution(ProjectModel):
    """A whole plan. A run writes a new one; making it the live one is the planner's own act."""

    unrecorded_fields = frozenset({"by_rule", "changes", "findings", "measures"})

    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=150, blank=True)
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="solutions")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children"
    )
    is_live = models.BooleanField(_("live"), default=False)
    hard = models.PositiveIntegerField(_("hard faults"), default=0)
    cost = models.BigIntegerField(_("cost"), default=0)
    # {rule code: {"count": n, "cost": n}}, as the solver counted and findings confirmed
    by_rule = models.JSONField(default=dict, blank=True)
    unplaced = models.PositiveIntegerField(_("exams without a period"), default=0)
    unseated = models.PositiveIntegerField(_("candidates without a seat"), default=0)
    unfilled = models.PositiveIntegerField(_("posts without a teacher"), default=0)
    # How good the seats and the duties are: {"seats": {…}, "duties": {"cost", "bound", …}}; a part that was
    # not made is not there.
    measures = models.JSONField(default=dict, blank=True)
    # Sentences to the planner: [{"level", "rule", "count", "message"}]; reasons are errors that count nothing
    findings = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    # How often its rows were changed by hand: what was computed from them holds while this stays the same.
    changes = models.PositiveIntegerField(default=0, editable=False)

    objects = SolutionQuerySet.as_manager()

    class Meta:
        verbose_name = _("solution")
        verbose_name_plural = _("solutions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="scheduling_solution_number_once"),
            models.UniqueConstraint(
                fields=["project"], condition=Q(is_live=True), name="scheduling_solution_one_live"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self._meta.verbose_name} {self.number}".capitalize()

    @property
    def stage(self) -> Stage:
        """How far a project is whose plan this is."""
        if Run.Part.DUTIES in self.measures:
            return Stage.DUTIES
        return Stage.ROOMS if Run.Part.SEATS in self.measures else Stage.DATESHEET

    @property
    def stays_close_to(self) -> "Solution | None":
        """The plan that its datesheet was to stay close to: what the run that made it started from.

        Runs of seats or duties and changes by hand go on with the datesheet of the plan before.
        """
        made: Solution | None = self
        while made is not None and (made.run is None or made.run.part in {Run.Part.SEATS, Run.Part.DUTIES}):
            made = made.parent
        return made.run.start_from if made is not None and made.run is not None else None

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The findings that count a rule."""
        return [found for found in self.findings if found["level"] != "error" or found["count"]]

    @property
    def reasons(self) -> list[str]:
        """Why exams are left out."""
        return [
            found["message"] for found in self.findings if found["level"] == "error" and not found["count"]
        ]


class Placement(ProjectModel):
    """A sitting in a period, or, without one, left out."""

    keeps_history = False  # a solution is written whole, and again rather than changed

    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="placements")
    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="placements")
    period = models.ForeignKey(
        Period, null=True, blank=True, on_delete=models.RESTRICT, related_name="placements"
    )

    class Meta:
        verbose_name = _("placement")
        verbose_name_plural = _("placements")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "solution", "sitting"], name="scheduling_placement_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sitting}: {self.period}"


class RoomShare(ProjectModel):
    """How many candidates of a placement sit in a room; of one group, where groups have their own pools."""

    keeps_history = False

    placement = models.ForeignKey(Placement, on_delete=models.CASCADE, related_name="shares")
    room = models.ForeignKey(Room, on_delete=models.RESTRICT, related_name="shares")
    group = models.ForeignKey(
        "scheduling.CandidateGroup", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    candidates = models.PositiveIntegerField(_("candidates"))

    class Meta:
        verbose_name = _("room of a placement")
        verbose_name_plural = _("rooms of placements")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "placement", "room", "group"], name="scheduling_roomshare_of_group_once"
            ),
            models.UniqueConstraint(
                fields=["project", "placement", "room"],
                condition=Q(group__isnull=True),
                name="scheduling_roomshare_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room}: {self.candidates}"
