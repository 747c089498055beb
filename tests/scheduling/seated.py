"""One hall in one period with candidates on chosen chairs, for tests of seats."""

from scheduling import models
from scheduling.layouts import chairs_of
from scheduling.seat_maps import SeatMap
from tests.factories.scheduling import (
    ExamFactory,
    PeriodFactory,
    RegistrationFactory,
    RoomFactory,
    SolutionFactory,
    StudentFactory,
)


class Hall:
    def __init__(self, season, *, rows, columns, seats_per_bench=1):
        self.season = season
        self.room = RoomFactory(
            project=season,
            rows=rows,
            columns=columns,
            seats_per_bench=seats_per_bench,
            exam_capacity=rows * columns * seats_per_bench,
        )
        self.period = PeriodFactory(project=season)
        told = {"hard": 0, "cost": 0, "reasons": [], "by_rule": {}}
        self.solution = SolutionFactory(project=season, is_live=True, measures={"datesheet": told})
        self.placements = {}

    def policy(self, neighbours, **fields):
        models.SeatingPolicy.objects.update_or_create(
            project=self.season, defaults={"neighbours": neighbours, **fields}
        )

    def placement(self, code):
        if code not in self.placements:
            exam = ExamFactory(project=self.season, code=code)
            self.placements[code] = models.Placement.objects.create(
                project=self.season,
                solution=self.solution,
                sitting=exam.sittings.get(),
                period=self.period,
            )
        return self.placements[code]

    def seat(self, code, *keys):
        """New candidates of that exam on these chairs: (row, column) or (row, column, side)."""
        placement = self.placement(code)
        course = placement.sitting.exam.courses.get()
        labels = {chair.key: chair.label for chair in chairs_of(self.room)}
        rows = []
        for row, column, *side in keys:
            key = (row, column, side[0] if side else 1)
            student = StudentFactory(project=self.season)
            RegistrationFactory(project=self.season, student=student, course=course)
            rows.append(
                models.Seating.objects.create(
                    project=self.season,
                    solution=self.solution,
                    placement=placement,
                    period=self.period,
                    student=student,
                    room=self.room,
                    row=key[0],
                    column=key[1],
                    side=key[2],
                    label=labels[key],
                )
            )
        share, _made = models.RoomShare.objects.get_or_create(
            project=self.season, placement=placement, room=self.room, defaults={"candidates": 0}
        )
        share.candidates += len(rows)
        share.save()
        return rows

    def map(self):
        return SeatMap(self.solution, self.period, self.room)
