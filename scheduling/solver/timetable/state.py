"""The state of a search: where everything is now, and the best plan so far."""

from typing import NamedTuple

import numpy as np

from .model import Model
from .problem import Ints

NEVER = 1 << 60  # dearer than any move
MOST_EJECTED = 3

# places in State.sums
COST, BEST, UNPLACED, BEST_UNPLACED, HAS_WISHES, MISSING = range(6)
# places in State.stats
DRAWN, SHIFTED, EJECTED, CHAINED, CHAINS, CHAIN_UNITS, ROOM_MOVED, SWAPPED, BUILT = range(9)
# places in the mix of moves: out of 4096 draws the first three, out of 256 clashing draws the rest
TWO_SEED, ROOM_MOVE, PERIOD_SWAP, KEMPE, EJECTION = range(5)
# what a shift comes to
REFUSED, MADE, UNDECIDED = range(3)


class State(NamedTuple):
    """Where everything is now, and the best plan so far. Sizes as in Model."""

    period: Ints  # (U,) -1 = unplaced
    table: np.ndarray  # (U, P and padding) price of the unit there
    clashes: np.ndarray  # (U, P) neighbours there; IMPOSSIBLE and more where the unit cannot be
    change: np.ndarray  # (P and padding,) of the price near a unit that moves
    inside: np.ndarray  # (P, words) a bit for each unit in the period
    member: np.ndarray  # (P, U) units in each period
    members: Ints  # (P,)
    position: Ints  # (U,) in member
    free: Ints  # (P, R) seats and overflow, -1 = closed
    in_room: Ints  # (P, R) parts
    owner: Ints  # (P, R) exam that has the room to itself, -1 = none
    with_duration: Ints  # (P, R, L) parts
    durations: Ints  # (P, R) different durations
    seats_free: Ints  # (P,) without overflow; below 0 where more are seated than there are seats
    seats_empty: Ints  # (P,) in rooms that are in use
    rooms_used: Ints  # (P,)
    part_period: Ints  # (K,) -1 = not seated
    slots: Ints  # (K,) rooms in use
    slot_room: Ints
    slot_seats: Ints
    exams_in: Ints  # (P,)
    candidates_in: Ints  # (P,)
    day_exams: Ints  # (D,)
    in_span: np.ndarray  # (students, words, digits) exams in each span, see `spans_at_first`
    spans: np.ndarray  # (U, words) those that hold the unit
    goes: np.ndarray  # (students,) 0, but where an exchange of periods is counted
    crowd: Ints  # (U, D) price of the unit there for students with too many exams
    travel: Ints  # (E, P, B) price of the exam there, in that block, for the ways of its students
    home: Ints  # (E,) block that is counted there, -1 = none
    sums: Ints
    stats: Ints
    random: np.ndarray
    # the move under consideration
    move_unit: Ints
    move_to: Ints
    move_from: Ints
    is_moved: np.ndarray
    is_touched: np.ndarray  # (P,) 0, but while moves are looked at
    seats_won: Ints  # (P,) and so is this
    saved_room: Ints
    saved_seats: Ints
    saved_slots: Ints
    taken: Ints  # (K,) parts in the order of taking them out, then by size
    ranked: Ints
    part_to: Ints
    part_first: Ints  # (K,) room to begin with, -1 = any
    try_room: Ints
    try_seats: Ints
    is_tried: np.ndarray
    # construction
    history: Ints  # (U,) times ejected
    tabu: Ints  # (U, P) step until which the unit stays out of the period
    harm: np.ndarray  # (P,) of placing a unit there
    wish_period: Ints  # (U,) where to place it first, -1 = anywhere
    wish_slots: Ints  # (K,) and in which rooms
    wish_room: Ints
    wish_seats: Ints
    # best so far
    best_period: Ints
    best_slots: Ints
    best_slot_room: Ints
    best_slot_seats: Ints


def spans_at_first(model: Model) -> np.ndarray:
    """The counts of a student without exams: sixty-four spans to a word, digit by digit, the lowest first.

    A count is as much more than the exams as makes the last digit 1 where they are at the limit of the span.
    """
    words = model.day_spans.shape[1]
    digits = (
        int(max(model.span_limit.max(initial=0), np.diff(model.student_ptr).max(initial=0))).bit_length() + 1
    )
    count = (1 << (digits - 1)) - np.pad(model.span_limit, (0, 64 * words - len(model.span_limit)))
    bits = (count[:, None] >> np.arange(digits)) & 1
    packed = np.packbits(np.ascontiguousarray(bits.T), axis=1, bitorder="little").view(np.uint64)
    return np.repeat(packed.T[None].copy(), model.crowds, axis=0)


def make_state(model: Model, seed: int) -> State:
    """Nothing placed."""
    units, periods = model.barred.shape
    parts, rooms = model.part_price.shape
    days = int(model.period_day.max()) + 1
    slots, exams = int(model.slot_ptr[-1]), len(model.exam)
    lengths = int(model.part_duration.max(initial=0)) + 1

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    random = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    return State(
        period=zeros(units) - 1,
        table=model.static.copy(),
        clashes=model.barred.copy(),
        change=np.zeros_like(model.static[0]),
        inside=np.zeros((periods, model.touching.shape[1]), dtype=np.uint64),
        member=np.zeros((periods, units), dtype=np.int32),
        members=zeros(periods),
        position=zeros(units),
        free=np.where(model.seats < 0, -1, model.seats + model.overflow),
        in_room=zeros(periods, rooms),
        owner=zeros(periods, rooms) - 1,
        with_duration=zeros(periods, rooms, lengths),
        durations=zeros(periods, rooms),
        seats_free=np.maximum(model.seats, 0).sum(axis=1),
        seats_empty=zeros(periods),
        rooms_used=zeros(periods),
        part_period=zeros(parts) - 1,
        slots=zeros(parts),
        slot_room=zeros(slots),
        slot_seats=zeros(slots),
        exams_in=zeros(periods),
        candidates_in=zeros(periods),
        day_exams=zeros(days),
        in_span=spans_at_first(model),
        spans=np.zeros((units, model.day_spans.shape[1]), dtype=np.uint64),
        goes=np.zeros(model.crowds, dtype=np.uint8),
        crowd=zeros(units, days),
        travel=zeros(*((exams, periods, len(model.travel_price)) if model.travels else (0, 0, 0))),
        home=zeros(exams) - 1,
        sums=np.array([0, NEVER, units, units + 1, 0, 0], dtype=np.int64),
        stats=zeros(16),
        random=random | np.uint64(1),
        move_unit=zeros(units + 1),
        move_to=zeros(units + 1),
        move_from=zeros(units + 1),
        is_moved=np.zeros(units, dtype=np.uint8),
        is_touched=np.zeros(periods, dtype=np.uint8),
        seats_won=zeros(periods),
        saved_room=zeros(slots),
        saved_seats=zeros(slots),
        saved_slots=zeros(parts),
        taken=zeros(parts),
        ranked=zeros(parts),
        part_to=zeros(parts),
        part_first=zeros(parts) - 1,
        try_room=zeros(rooms + 1),
        try_seats=zeros(rooms + 1),
        is_tried=np.zeros(rooms + 1, dtype=np.uint8),
        history=zeros(units),
        tabu=zeros(units, periods) - 1,
        harm=np.zeros(periods),
        wish_period=zeros(units) - 1,
        wish_slots=zeros(parts),
        wish_room=zeros(slots),
        wish_seats=zeros(slots),
        best_period=zeros(units) - 1,
        best_slots=zeros(parts),
        best_slot_room=zeros(slots),
        best_slot_seats=zeros(slots),
    )
