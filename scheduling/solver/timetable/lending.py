"""Seats on loan. Where seats are short, hardly an exam can move unless rooms may be too full for a while.

What is lent has a price, as in a Lagrangian relaxation; no plan that owes a seat is ever kept.
"""

import math

# The price where it is coldest, as a multiple of the temperature; from which part of a cooling on seats are
# due, and in which part of it the price doubles while one is owed. Measured, see README.md.
PRICE_COLD, DUE, DOUBLES_IN = 5.0, 0.3, 0.08


class SeatPrice:
    """The price of a seat over one cooling.

    hot, cold: temperatures between which the whole search cools. size: candidates of an exam, on average.
    Where it is hot an exam finds no seats at about the price of the temperature. Once they are due, the price
    grows for as long as seats are owed, while there is still heat to move what owes them.
    """

    def __init__(self, hot: float, cold: float, size: float) -> None:
        self.hot, self.cold = hot, cold
        self.lowest, self.highest = hot / size, PRICE_COLD * cold
        self.urgency, self.since = 1.0, DUE

    def at(self, temperature: float, done: float, *, owes: bool) -> int:
        """The price at a temperature, `done` (0..1) of the cooling being over; at least 1."""
        steep = math.log(temperature / self.hot) / math.log(self.cold / self.hot)
        price = self.lowest * (self.highest / self.lowest) ** steep
        gone = max(0.0, done - self.since)
        self.since = max(done, DUE)
        self.urgency = max(1.0, self.urgency * 2 ** ((gone if owes else -gone) / DOUBLES_IN))
        return max(1, round(min(price * self.urgency, max(self.hot, price))))
