"""A roster after a change: who could take a post, and how to fill posts touching as few as can be."""

from collections.abc import Sequence

import numpy as np

from . import kernels
from .problem import OPEN, Ints, Problem
from .search import make_model, make_state


class Desk:
    """A roster at hand, whatever it breaks: a change is judged by what it makes worse."""

    def __init__(self, problem: Problem, who: Ints) -> None:
        self.problem = problem
        fixed = np.zeros(problem.posts, bool)
        model = make_model(problem, fixed, np.full(problem.posts, OPEN, np.int64))
        # The search keeps a certain post of a room for a woman; at the desk she may have any of them.
        self.model = model._replace(allowed=~problem.forbidden)
        self.state = make_state(self.model, seed=1)
        kernels.load(self.model, self.state, np.full(problem.posts, OPEN, np.int64))
        kernels.set_plan(self.model, self.state, who)

    @property
    def who(self) -> Ints:
        return self.state.who

    def choices(self, post: int) -> list[tuple[int, int]]:
        """Who could take the post from its teacher with no more faults of what must hold than now: change in
        price and teacher, the cheapest first."""
        had = int(self.who[post])
        before = int(self.state.sums[kernels.COST])
        kernels.take(self.model, self.state, post, OPEN)
        gained = int(self.state.sums[kernels.COST]) - before
        found = []
        for teacher in range(self.problem.teachers):
            may, change = kernels.price_of(self.model, self.state, post, teacher)
            if may and teacher != had and change + gained < kernels.OPEN_PRICE:
                found.append((int(change) + gained, teacher))
        kernels.take(self.model, self.state, post, had)
        return sorted(found)

    def give(self, post: int, teacher: int) -> None:
        kernels.take(self.model, self.state, post, teacher)

    def refill(self, posts: Sequence[int], *, without: int) -> None:
        """Take the posts from a teacher and give each to the nearest other: who is free, else by a chain of
        two. What nobody can take stays open."""
        for post in posts:
            choices = [teacher for _price, teacher in self.choices(post) if teacher != without]
            self.give(post, choices[0] if choices else OPEN)
            if choices:
                continue
            teacher, given, other = kernels.best_chain(self.model, self.state, post, without)
            if teacher != OPEN:
                self.give(given, OPEN)
                self.give(post, teacher)
                self.give(given, other)
