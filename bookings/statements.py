"""A bank's statement: read in whatever columns it comes, and kept line by line, each line once."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from projects import history
from projects.models import Institution
from projects.spreadsheets import cells, moments
from projects.spreadsheets.checking import conclude
from projects.spreadsheets.columns import Column, Dataset
from projects.spreadsheets.opening import open_workbook
from projects.spreadsheets.reading import read_workbook
from projects.spreadsheets.report import Level, Report
from projects.spreadsheets.survey import CannotOpen
from projects.spreadsheets.table import Table

from .models import BankLine

MOST = Decimal("99999999.99")
_SIDE = re.compile(r"\b(cr|dr|credit|debit|c|d|haben|soll|h|s)\b\.?$", re.IGNORECASE)
_OUT = {"dr", "debit", "d", "soll", "s"}
_NUMBER = re.compile(r"\d+(?:[.,'’  ]\d+)*")
_NUMBERS = re.compile(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}")


def money(value: Any) -> Decimal:
    """1,234.50, 1.234,50, 1 234,50, (12.50), 12.50-, £12.50 CR: what comes is more than 0."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(f"{value:.2f}")
    text = cells.text(value).translate(cells.DASHES)
    side = _SIDE.search(text)
    bare = _SIDE.sub("", text).strip()
    number = _NUMBER.search(bare)
    around = bare.replace(number[0], "", 1) if number else bare
    if number is None or len(re.sub(r"[\s()+\-]", "", around)) > 4:  # a sign or code of a currency
        raise cells.BadCell(_("Write an amount, such as 1234.50."))
    amount = _amount(number[0])
    goes_out = "-" in around or "(" in around or (side and side[1].casefold() in _OUT)
    if amount > MOST:
        raise cells.BadCell(_("This is more than an account can hold."))
    return -amount if goes_out else amount


def _amount(digits: str) -> Decimal:
    """The last point or comma before one or two digits is the decimal one; all others group thousands."""
    whole, cents = digits, ""
    if found := re.fullmatch(r"(.*)[.,](\d{1,2})", digits):
        whole, cents = found[1], found[2]
    groups = re.split(r"\D", whole)
    if any(len(group) != 3 for group in groups[1:]):
        raise cells.BadCell(_("Write an amount, such as 1234.50."))
    return Decimal(f"{''.join(groups) or '0'}.{cents or '0'}").quantize(Decimal("0.01"))


def _text(name: str, header: str, *aliases: str) -> Column:
    return Column(name, header, aliases=aliases)


def columns(currency: str, *, day_first: bool = True) -> Dataset:
    """One row per movement. Some banks write one column of amounts, some one for each direction."""

    def of_money(*headers: str) -> tuple[str, ...]:
        return tuple(f"{header}{end}" for header in headers for end in ("", f" {currency}"))

    dates: tuple[str, ...] = (
        "booking date",
        "transaction date",
        "posting date",
        "posted",
        "value date",
        "date posted",
    )
    dates += ("completed date", "buchungstag", "buchungsdatum", "valuta", "valutadatum", "datum", "day")
    comes = ("paid in", "money in", "credit amount", "deposit", "deposits", "received", "amount in", "haben")
    goes = ("paid out", "money out", "debit amount", "withdrawal", "withdrawals", "amount out", "soll")
    return Dataset(
        name="Statement",
        one="line",
        columns=(
            Column(
                "booked_on",
                "Date",
                aliases=dates,
                clean=moments.day(day_first=day_first),
                required=True,
                empty=None,
            ),
            Column(
                "amount",
                "Amount",
                aliases=of_money("amount", "transaction amount", "betrag", "umsatz", "value", "sum"),
                clean=money,
                empty=None,
            ),
            Column("comes", "Credit", aliases=of_money("credit", *comes, "credits"), clean=money, empty=None),
            Column("goes", "Debit", aliases=of_money("debit", *goes, "debits"), clean=money, empty=None),
            _text("side", "Cr/Dr", "dr/cr", "debit/credit", "credit/debit", "soll/haben", "cr dr indicator"),
            _text(
                "payer",
                "Name",
                *("payer", "from", "counterparty", "counter party", "counterparty name", "sender", "paid by"),
                *("sender name", "remitter", "account name", "beguenstigter/zahlungspflichtiger"),
                *("name zahlungsbeteiligter", "auftraggeber", "payee"),
            ),
            _text(
                "text",
                "Description",
                *(
                    "details",
                    "narrative",
                    "narration",
                    "particulars",
                    "memo",
                    "transaction details",
                    "purpose",
                ),
                *("transaction description", "remarks", "verwendungszweck", "payment details", "message"),
            ),
            _text("reference", "Reference", "ref", "payment reference", "customer reference", "notes"),
            _text("currency", "Currency", "ccy", "waehrung", "währung"),
        ),
        key=("booked_on",),
        needs_one_of=("amount", "comes"),
        aliases=("transactions", "bank statement", "account"),
    )


@dataclass
class Statement:
    """What was read. `lines` are new, known ones were read before; `outgoing` rows are none of ours."""

    report: Report
    lines: list[BankLine] = field(default_factory=list)
    known: int = 0
    outgoing: int = 0

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


def read(
    *, institution: Institution, path: Path, name: str, by: User | None, dry_run: bool = False
) -> Statement:
    """Keep the statement's incoming lines that were not read before; what cannot be read is reported.

    A line is known by its day, amount, words and its number among equal lines, so that two equal payments
    are two, and the same statement, or one that overlaps, adds nothing twice.
    """
    report, tables = _tables(institution.currency, path, name)
    statement = Statement(report)
    rows = [row for table in tables for row in _incoming(table, institution.currency, statement)]
    conclude(tables, report)
    numbers: Counter[tuple[Any, ...]] = Counter()
    made = []
    for booked_on, amount, payer, text in rows:
        words = cells.squeezed(payer + text)
        numbers[booked_on, amount, words] += 1
        told = f"{booked_on:%Y-%m-%d}|{amount}|{words}|{numbers[booked_on, amount, words]}"
        fingerprint = sha256(told.encode()).hexdigest()
        made.append(
            BankLine(
                institution=institution,
                booked_on=booked_on,
                amount=amount,
                payer=payer[:150],
                text=text[:300],
                fingerprint=fingerprint,
            )
        )
    with transaction.atomic(), history.acting(by=by, reason=(_("statement %s") % name)[:300]):
        # Two who read the same statement at once: one after the other.
        Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
        mine = BankLine.objects.for_institution(institution)
        known = set(
            mine.filter(fingerprint__in=[row.fingerprint for row in made]).values_list(
                "fingerprint", flat=True
            )
            if len(made) <= 500
            else mine.values_list("fingerprint", flat=True)
        )
        statement.lines = [row for row in made if row.fingerprint not in known]
        statement.known = len(made) - len(statement.lines)
        if not dry_run:
            BankLine.objects.bulk_create(statement.lines)
    return statement


def _tables(currency: str, path: Path, name: str) -> tuple[Report, list[Table]]:
    """With the month first only where the dates of the whole statement say so."""
    for day_first in (True, False):
        report = Report()
        dataset = columns(currency, day_first=day_first)
        try:
            tables = read_workbook(open_workbook(path, name=name), [dataset], report)
        except CannotOpen as reason:
            report.add(Level.ERROR, str(reason), file=name, value=name)
            return report, []
        if day_first and _is_month_first(tables):
            continue
        break
    if not tables and not report.errors:
        words = _(
            "No rows were found: the statement needs a column of dates and one of amounts, with headers."
        )
        report.add(Level.ERROR, words, file=name)
    return report, tables


def _is_month_first(tables: Iterable[Table]) -> bool:
    """01/13/2027 stands somewhere, and 13/01/2027 nowhere."""
    firsts, seconds = 0, 0
    for table in tables:
        for cell in table.cells.get("booked_on", []):
            found = (
                re.match(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}", cell) if isinstance(cell, str) else None
            )
            if found:
                firsts, seconds = max(firsts, int(found[1])), max(seconds, int(found[2]))
    return seconds > 12 >= firsts


def _incoming(table: Table, currency: str, statement: Statement) -> Iterable[tuple[date, Decimal, str, str]]:
    def value(name: str, index: int) -> Any:
        return table.values[name][index] if name in table.values else None

    for index in table.good():
        amount = value("amount", index)
        if amount is None:
            amount = (value("comes", index) or Decimal(0)) - abs(value("goes", index) or Decimal(0))
        elif _SIDE.fullmatch(side := value("side", index) or "") and side.strip(".").casefold() in _OUT:
            amount = -abs(amount)
        theirs = (value("currency", index) or currency).upper()
        if theirs != currency:
            words = _("This line is in %(theirs)s, the accounts are in %(ours)s: enter it by hand.")
            table.fault(statement.report, index, "currency", words % {"theirs": theirs, "ours": currency})
        elif amount <= 0:
            statement.outgoing += 1
        else:
            reference, text = value("reference", index) or "", value("text", index) or ""
            both = text if reference in text else f"{reference} {text}".strip()
            yield value("booked_on", index), amount, value("payer", index) or "", both
