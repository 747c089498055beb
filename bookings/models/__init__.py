"""Activity bookings. One word per thing:

Activity   what is offered: football for years 3 and 4, its rules and who may come
Session    when, for how much: what is booked (a weekly group for a term, or a single date)
Meeting    one date of a session
place      one unit of a session's capacity; Places is the row that counts them
Booking    a child's place: held or confirmed while it is live, cancelled or expired after
WaitEntry  a child in the queue for a session; Offer: a place held for it until it answers
Guardian   who books; Child: for whom; Household: who pays; Tutor: who leads; Register: who came
Ballot     a draw over sessions; Preference: a wish; lot: a child's number in the draw
Charge     what is owed; WriteOff: what of it is let off; Payment, Refund: money that moves;
           LedgerEntry: the account of all of it
"""

from .attendance import AbsenceNotice, AttendanceAlert, AttendanceMark, LateMark, MeetingGuest
from .ballot import Ballot, DrawResult, Preference
from .booking import ApiClient, Booking, IdempotencyKey, Offer, Source, WaitBlock, WaitEntry
from .catalogue import (
    MOST_PARTS,
    Activity,
    BookingRules,
    Category,
    Closure,
    Invitee,
    Location,
    Meeting,
    Places,
    RefundPolicy,
    RefundStep,
    Session,
    SignUpWindow,
    Term,
    Weekday,
    YearGroup,
)
from .money import (
    Allocation,
    BankLine,
    Charge,
    Discount,
    Instalment,
    LedgerEntry,
    LedgerIsKept,
    Payment,
    PromoCode,
    ProviderEvent,
    Refund,
    WriteOff,
)
from .people import (
    AuthorisedCollector,
    CalendarFeed,
    Child,
    CoGuardianInvitation,
    Consent,
    ConsentKind,
    DataRequest,
    EmergencyContact,
    FamilyMerge,
    Guardian,
    Guardianship,
    Household,
    InvitationCode,
    LinkRequest,
    MedicalNote,
    Tutor,
)
from .trial import TrialObject

__all__ = [
    "MOST_PARTS",
    "AbsenceNotice",
    "Activity",
    "Allocation",
    "ApiClient",
    "AttendanceAlert",
    "AttendanceMark",
    "AuthorisedCollector",
    "Ballot",
    "BankLine",
    "Booking",
    "BookingRules",
    "CalendarFeed",
    "Category",
    "Charge",
    "Child",
    "Closure",
    "CoGuardianInvitation",
    "Consent",
    "ConsentKind",
    "DataRequest",
    "Discount",
    "DrawResult",
    "EmergencyContact",
    "FamilyMerge",
    "Guardian",
    "Guardianship",
    "Household",
    "IdempotencyKey",
    "Instalment",
    "InvitationCode",
    "Invitee",
    "LateMark",
    "LedgerEntry",
    "LedgerIsKept",
    "LinkRequest",
    "Location",
    "MedicalNote",
    "Meeting",
    "MeetingGuest",
    "Offer",
    "Payment",
    "Places",
    "Preference",
    "PromoCode",
    "ProviderEvent",
    "Refund",
    "RefundPolicy",
    "RefundStep",
    "Session",
    "SignUpWindow",
    "Source",
    "Term",
    "TrialObject",
    "Tutor",
    "WaitBlock",
    "WaitEntry",
    "Weekday",
    "WriteOff",
    "YearGroup",
]
