"""A roster after a change: who could take a post, and how to fill posts touching as few as can be."""

from collections.abc import Sequence

import numpy as np

from . import kernels
from .problem import OPEN, Ints, Problem
from .search import make_model, make_state


class Desk:
    """A roster at hand, whatever it breaks; prices of changes by the kernels."""

    def __init__(self, problem: Problem, who: Ints) -> None:
        self.problem = problem
        fixed = np.zeros(problem.posts, bool)
        self.model = make_model(problem, fixed, np.full(problem.posts, OPEN, np.int64))
        self.state = make_state(self.model, seed=1)
        kernels.load(self.model, self.state, np.full(problem.posts, OPEN, np.int64))
        kernels.set_plan(self.model, self.state, who)

    @property
    def who(self) -> Ints:
        return self.state.who

    def choices(self, post: int) -> list[tuple[int, int]]:
        """Who could take the post from its teacher: change in price and teacher, the cheapest first."""
        had = int(self.who[post])
        before = int(self.state.sums[kernels.COST])
        kernels.take(self.model, self.state, post, OPEN)
        gained = int(self.state.sums[kernels.COST]) - before
        found = []
        for teacher in range(self.problem.teachers):
            may, change = kernels.price_of(self.model, self.state, post, teacher)
            if may and teacher != had:
                found.append((int(change) + gained, teacher))
        kernels.take(self.model, self.state, post, had)
        return sorted(found)

    def give(self, post: int, teacher: int) -> None:
        kernels.take(self.model, self.state, post, teacher)

    def refill(self, posts: Sequence[int], *, without: int) -> None:
        """Take the posts from a teacher and give each to the nearest other: who is free, else by a chain of
        two. What nobody can take stays open."""
        for post in posts:
            self.give(post, OPEN)
        for post in posts:
            choices = [(price, teacher) for price, teacher in self.choices(post) if teacher != without]
            if choices:
                self.give(post, choices[0][1])
                continue
            teacher, given, other = kernels.best_chain(self.model, self.state, post, without)
            if teacher != OPEN:
                self.give(given, OPEN)
                self.give(post, teacher)
                self.give(given, other)
