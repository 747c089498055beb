"""Values of fields in JSON, and back without trust: what no field could hold raises ValueError."""

import json
import math
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils import timezone

Reader = Callable[[Any], Any]


def _plain(value: Any) -> str:
    if isinstance(value, date | time | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"An archive has no words for {type(value).__name__}.")


encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain).encode


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("A number is too large.")
    return number


decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite).decode


def reader(field: models.Field) -> Reader:
    """What turns a JSON value into a value of this field."""
    convert = _READERS[field.get_internal_type()](field)
    if field.choices:
        allowed = {value for value, _label in field.flatchoices} | (
            {""} if field.empty_strings_allowed else set()
        )
        return lambda value: None if value is None and field.null else _among(allowed, convert(value))
    if field.null:
        return lambda value: None if value is None else convert(value)
    return convert


def can_read(field: models.Field) -> bool:
    return field.get_internal_type() in _READERS


def _among(allowed: set[Any], value: Any) -> Any:
    if value not in allowed:
        raise ValueError("A value is none of its field's choices.")
    return value


def check_text(value: Any) -> str:
    """Text that every database can hold: no NUL, no half of a surrogate pair."""
    if type(value) is not str or "\x00" in value:
        raise ValueError("Text was expected.")
    if not value.isascii():
        value.encode()
    return value


def _text(field: models.Field) -> Reader:
    longest = field.max_length

    def read(value: Any) -> str:
        if longest is not None and len(check_text(value)) > longest:
            raise ValueError("A text is too long.")
        return check_text(value)

    return read


def _integer(field: models.Field) -> Reader:
    # The ranges of all databases: SQLite by itself would take any number of 64 bits.
    lowest, highest = BaseDatabaseOperations.integer_field_ranges[field.get_internal_type()]

    def read(value: Any) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise ValueError("A whole number is missing or out of range.")
        return value

    return read


def _boolean(field: models.Field) -> Reader:
    def read(value: Any) -> bool:
        if type(value) is not bool:
            raise ValueError("Yes or no was expected.")
        return value

    return read


def _float(field: models.Field) -> Reader:
    def read(value: Any) -> float:
        if type(value) not in (int, float):
            raise ValueError("A number was expected.")
        return float(value)

    return read


def _decimal(field: Any) -> Reader:
    def read(value: Any) -> Decimal:
        try:
            number = Decimal(check_text(value))
            for validate in field.validators[-1:]:  # digits and places; others are rules of forms
                validate(number)
        except (InvalidOperation, ValidationError) as fault:
            raise ValueError("A decimal number was expected.") from fault
        return number

    return read


def _date(field: models.Field) -> Reader:
    return lambda value: date.fromisoformat(check_text(value))


def _time(field: models.Field) -> Reader:
    def read(value: Any) -> time:
        moment = time.fromisoformat(check_text(value))
        if moment.tzinfo:
            raise ValueError("A time of day has no time zone.")
        return moment

    return read


def _moment(field: models.Field) -> Reader:
    def read(value: Any) -> datetime:
        moment = datetime.fromisoformat(check_text(value))
        if timezone.is_naive(moment):
            raise ValueError("A moment needs its time zone.")
        return moment.astimezone(timezone.get_default_timezone())

    return read


def _json(field: models.Field) -> Reader:
    kind = type(field.get_default())

    def read(value: Any) -> Any:
        if kind in (dict, list) and not isinstance(value, kind):
            raise ValueError("Structured data has another shape.")
        _check_texts_in(value)
        return value

    return read


def _check_texts_in(value: Any) -> None:
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, list):
        for part in value:
            _check_texts_in(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            check_text(key)
            _check_texts_in(part)


INTEGERS = (
    "SmallIntegerField",
    "IntegerField",
    "BigIntegerField",
    "PositiveSmallIntegerField",
    "PositiveIntegerField",
    "PositiveBigIntegerField",
)
# What a database takes as it is.
PLAIN = frozenset([*INTEGERS, "CharField", "TextField", "SlugField", "BooleanField"])

_READERS: dict[str, Callable[[Any], Reader]] = {
    **dict.fromkeys(["CharField", "TextField", "SlugField"], _text),
    **dict.fromkeys(INTEGERS, _integer),
    "BooleanField": _boolean,
    "FloatField": _float,
    "DecimalField": _decimal,
    "DateField": _date,
    "TimeField": _time,
    "DateTimeField": _moment,
    "JSONField": _json,
}
