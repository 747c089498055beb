"""What the staff site shows of activities: pages and sections, at the institution's address."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from projects.access import Standing
from projects.site import Listing, Page, Section, StaffSite

from .. import models
from . import (
    account,
    attention,
    counter,
    dates,
    draw,
    erasure,
    families,
    finding,
    front,
    guests,
    reports,
    statement,
    terms,
)
from .scoped import OFFICE


def is_office(standing: Standing) -> bool:
    return standing.project is None and standing.institution_role in OFFICE


ROLL = Page(
    "roll_over", "terms/roll-over/", terms.roll_over, _("Roll a term over"), "calendar-plus", is_office
)
TWICE = Page(
    "family_duplicates",
    "families/duplicates/",
    families.find,
    _("Families written down twice"),
    "layers",
    is_office,
)
MERGE = Page("merge_families", "families/merge/", families.merge, may_open=is_office)
ERASE = Page(
    "erase_family", "families/erasure/", erasure.erasure, _("Erase a family's data"), "trash-2", is_office
)
OFF = Page("cancel_dates", "dates/cancel/", dates.cancel_dates, may_open=is_office)
CALL_OFF = Page("call_off", "dates/call-off/", dates.call_off, may_open=is_office)
MAKE_UP = Page("make_up", "dates/make-up/", dates.make_up, may_open=is_office)
BOOK = Page("counter_book", "counter/book/", counter.book, _("Book for a family"), "plus", is_office)
PAY = Page("take_payment", "counter/pay/", counter.take_payment, _("Take a payment"), "coins", is_office)
FIND_ACCOUNT = Page(
    "find_account", "counter/account/", account.find_account, _("A family's account"), "receipt", is_office
)
ACCOUNT = Page("family_account", "counter/account/<int:number>/", account.family_account, may_open=is_office)
CLOSE = Page("close_day", "counter/close-day/", dates.close_day, _("Close a day"), "lock", is_office)
PRIORITY = Page("priority", "counter/priority/", counter.priority, _("Give priority"), "flag", is_office)
WRITE = Page(
    "write_to_families", "counter/write/", counter.write_to, _("Write to families"), "mail", is_office
)
LIST = Page("bring_list", "counter/list/", counter.bring_list, _("Bring in a list"), "upload", is_office)

STATEMENT = Page(
    "statement", "counter/statement/", statement.statement, _("Bank statement"), "landmark", is_office
)
LINE = Page("bank_line", "counter/statement/<int:number>/", statement.bank_line, may_open=is_office)
DRAW = Page("draw", "counter/ballots/<int:number>/", draw.draw, may_open=is_office)
ATTENTION = Page(
    "attention", "attention/", attention.attention, _("What waits for you"), "list-checks", is_office
)
REPORTS = Page("reports", "reports/", reports.reports, _("Reports"), "chart-column", is_office)
GUESTS = Page("guests", "attendance/guests/", guests.guests, _("Guests"), "user", is_office)
FIND = Page("find", "counter/find/<slug:kind>/", finding.choices, may_open=is_office)

PAGES = [
    OFF,
    CALL_OFF,
    MAKE_UP,
    ERASE,
    TWICE,
    MERGE,
    ROLL,
    LIST,
    BOOK,
    PAY,
    FIND_ACCOUNT,
    ACCOUNT,
    CLOSE,
    PRIORITY,
    WRITE,
    FIND,
    STATEMENT,
    LINE,
    REPORTS,
    DRAW,
    GUESTS,
    ATTENTION,
]
SECTIONS = [
    Section(_("Overview"), [ATTENTION, REPORTS]),
    Section(
        _("Activities"),
        [
            Listing(models.Activity, "star"),
            Listing(models.Session, "calendar-days"),
            Listing(models.Meeting, "clock"),
            Listing(models.Term, "calendar-range"),
            ROLL,
            Listing(models.Closure, "palmtree"),
            CLOSE,
        ],
    ),
    Section(
        _("Places"),
        [
            BOOK,
            Listing(models.Booking, "ticket"),
            Listing(models.WaitEntry, "list-ordered"),
            PRIORITY,
            Listing(models.Ballot, "shuffle"),
            WRITE,
        ],
    ),
    Section(
        _("Families"),
        [
            LIST,
            Listing(models.Household, "house"),
            Listing(models.Guardian, "user"),
            Listing(models.Child, "users"),
            Listing(models.LinkRequest, "link-2"),
            Listing(models.CoGuardianInvitation, "users"),
            TWICE,
            Listing(models.DataRequest, "shield"),
            ERASE,
            Listing(models.Tutor, "briefcase"),
        ],
    ),
    Section(
        _("Money"),
        [
            PAY,
            FIND_ACCOUNT,
            STATEMENT,
            Listing(models.Charge, "receipt"),
            Listing(models.Payment, "credit-card"),
            Listing(models.LedgerEntry, "book-open"),
            Listing(models.BankLine, "list-checks"),
            Listing(models.Discount, "percent"),
            Listing(models.PromoCode, "tag"),
        ],
    ),
    Section(
        _("Attendance"),
        [
            GUESTS,
            Listing(models.AttendanceMark, "list-checks"),
            Listing(models.AbsenceNotice, "bell-off"),
            Listing(models.AttendanceAlert, "siren"),
        ],
    ),
    Section(
        _("More of activities"),
        [
            Listing(models.BookingRules, "sliders-horizontal"),
            Listing(models.Category, "layers"),
            Listing(models.YearGroup, "graduation-cap"),
            Listing(models.Location, "door-open"),
            Listing(models.RefundPolicy, "rotate-ccw"),
            Listing(models.ConsentKind, "file-check-2"),
            Listing(models.ApiClient, "key-round"),
        ],
    ),
]

site = admin.site
if isinstance(site, StaffSite):
    site.pages += PAGES
    site.sections += SECTIONS
    site.tiles.append(front.tiles)
