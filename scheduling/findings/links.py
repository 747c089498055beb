"""Whether a link between two exams holds."""

from collections.abc import Callable, Iterator

from ..models import ExamLink
from .facts import Facts, Fault


def _link_holds(facts: Facts, link: ExamLink, a: int, b: int) -> bool:
    """Whether the link holds between these two sittings; with one of them unplaced it does."""
    if a not in facts.when or b not in facts.when:
        return True
    p, q = facts.when[a], facts.when[b]
    days = abs((facts.date_of(p) - facts.date_of(q)).days)
    kind = ExamLink.Kind(link.kind)
    if kind in (ExamLink.Kind.SAME_ROOM, ExamLink.Kind.DIFFERENT_ROOM):
        one, two = (
            {room for key, shares in facts.shares.items() if key[0] == sitting for room, _n in shares}
            for sitting in (a, b)
        )
        if p != q or not one or not two:
            return True
        return not one & two if kind == ExamLink.Kind.DIFFERENT_ROOM else (one <= two or two <= one)
    return {
        ExamLink.Kind.SAME_PERIOD: p == q,
        ExamLink.Kind.DIFFERENT_PERIOD: p != q,
        ExamLink.Kind.BEFORE: p < q,
        ExamLink.Kind.SAME_DAY: days == 0,
        ExamLink.Kind.DIFFERENT_DAY: days > 0,
        ExamLink.Kind.MIN_GAP: days > link.gap_days,
    }[kind]


def links(kind: ExamLink.Kind, *, is_hard: bool) -> Callable[[Facts], Iterator[Fault]]:
    def broken_links(facts: Facts) -> Iterator[Fault]:
        for link in ExamLink.objects.for_project(facts.solution.project).filter(kind=kind, is_hard=is_hard):
            for a in facts.of_exam.get(link.exam_a_id, ()):
                for b in facts.of_exam.get(link.exam_b_id, ()):
                    if not _link_holds(facts, link, a, b):
                        yield Fault(1, f"{facts.code(a)}, {facts.code(b)}")

    broken_links.__doc__ = f"Links “{kind.label}” that do not hold."
    return broken_links
