"""Families and those who work with them: who books, for whom, and who may do what.

A child has no parent column: guardianships say who may book, see medical notes and collect, each for a time.
Guardians live in households (a household is who pays), so that separated parents have accounts of their own.
"""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from projects.models import Person, TenantModel, TenantQuerySet

from .secrets import EncryptedTextField, new_public_id


class Household(TenantModel):
    """Who pays: an address and an account in the ledger."""

    name = models.CharField(_("name"), max_length=150)
    address = models.TextField(_("address"), blank=True)
    # Stands on bank transfers, so that they are found again.
    reference = models.CharField(_("payment reference"), max_length=20)
    # A duplicate that was merged points to the one that was kept.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="merged"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = _("households")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "reference"],
                name="bookings_household_reference_once",
                violation_error_message=_("Another household has that payment reference: choose another."),
            )
        ]
        indexes = [models.Index(fields=["institution", "name"], name="bookings_household_name")]

    def __str__(self) -> str:
        return self.name


class GuardianQuerySet(TenantQuerySet):
    def of_user(self, user: object) -> Self:
        return self.filter(user=user, is_active=True)


class Guardian(TenantModel):
    """Who books: signed in as a user, or without an account and served at the counter."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="guardians",
        verbose_name=_("account"),
    )
    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="guardians", verbose_name=_("household")
    )
    public_id = models.CharField(max_length=16, default=new_public_id, editable=False)
    name = models.CharField(_("name"), max_length=150)
    # Where messages go; an account's own address is the one to sign in with.
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    wants_texts = models.BooleanField(_("wants text messages"), default=False)
    is_active = models.BooleanField(_("may book"), default=True)
    # A duplicate that was merged (bookings.merging) points to the one that was kept.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="merged"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    objects = GuardianQuerySet.as_manager()

    class Meta:
        verbose_name = _("guardian")
        verbose_name_plural = _("guardians")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "user"],
                name="bookings_guardian_user_once",
                violation_error_message=_("That account belongs to another guardian already."),
            ),
            models.UniqueConstraint(fields=["institution", "public_id"], name="bookings_guardian_public_id"),
        ]
        indexes = [
            models.Index(fields=["institution", "email"], name="bookings_guardian_email"),
            models.Index(fields=["institution", "name"], name="bookings_guardian_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Child(TenantModel):
    """For whom is booked. An age is computed on a day, never stored."""

    public_id = models.CharField(max_length=16, default=new_public_id, editable=False)
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100, blank=True)
    known_as = models.CharField(_("known as"), max_length=100, blank=True)
    date_of_birth = models.DateField(_("date of birth"))
    year_group = models.ForeignKey(
        "bookings.YearGroup",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("year group"),
    )
    class_name = models.CharField(_("class"), max_length=40, blank=True)
    # The school's own number; with it the child is found in the person registry, and so its exams are.
    number = models.CharField(_("number"), max_length=60, blank=True)
    person = models.ForeignKey(
        Person,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("student"),
        help_text=_("The same child in the institution's registry: its exams are seen in its calendar."),
    )
    # A guardian or the office has said what there is to know, even if that is nothing.
    medical_answered_at = models.DateTimeField(
        _("medical questions answered at"), null=True, blank=True, editable=False
    )
    left_on = models.DateField(_("left on"), null=True, blank=True)
    # A duplicate that was merged (bookings.merging) points to the one that was kept.
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="merged"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("child")
        verbose_name_plural = _("children")
        ordering = ["family_name", "given_name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "number"],
                condition=~Q(number=""),
                name="bookings_child_number_once",
                violation_error_message=_("Another child has that number."),
            ),
            models.UniqueConstraint(fields=["institution", "public_id"], name="bookings_child_public_id"),
        ]
        indexes = [
            models.Index(fields=["institution", "family_name", "given_name"], name="bookings_child_name")
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def first_name(self) -> str:
        """What the child is called."""
        return self.known_as or self.given_name

    def age_on(self, day: date) -> int:
        """In whole years. Who was born on 29 February has the birthday on 1 March in other years."""
        born = self.date_of_birth
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class GuardianshipQuerySet(TenantQuerySet):
    def on(self, day: date) -> Self:
        """Those in force on that day."""
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=day),
            Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        )


class Guardianship(TenantModel):
    """What one guardian may do for one child, from a day to a day (both included, empty: no limit)."""

    guardian = models.ForeignKey(
        Guardian, on_delete=models.PROTECT, related_name="guardianships", verbose_name=_("guardian")
    )
    child = models.ForeignKey(
        Child, on_delete=models.PROTECT, related_name="guardianships", verbose_name=_("child")
    )
    relation = models.CharField(_("is the child's"), max_length=60, blank=True)
    may_book = models.BooleanField(_("may book"), default=True)
    may_see_medical = models.BooleanField(_("may see medical notes"), default=True)
    may_collect = models.BooleanField(_("may collect"), default=True)
    contact_order = models.PositiveSmallIntegerField(_("is called as number"), default=1)
    # A court order, a barred parent: shown to staff only.
    restriction_note = models.TextField(_("restriction"), blank=True)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(_("until"), null=True, blank=True)

    objects = GuardianshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("guardianship")
        verbose_name_plural = _("guardianships")
        ordering = ["contact_order"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "guardian", "child"],
                condition=Q(valid_to__isnull=True),
                name="bookings_guardianship_once",
                violation_error_message=_("That guardian has this child already: change the rights instead."),
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="bookings_guardianship_ends_after_start",
                violation_error_message=_("The last day lies before the first: put the days in order."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guardian}: {self.child}"

    @property
    def may_report_absence(self) -> bool:
        """Nobody looks for a child that was reported absent: who may do nothing else may not do that."""
        return self.may_book or self.may_collect

    @property
    def may_say_who_collects(self) -> bool:
        """Nobody sends others for a child whom he must not take home himself."""
        return self.may_book and self.may_collect


class InvitationCode(TenantModel):
    """A one-time code on paper that makes whoever types it this guardian, with the children on the list."""

    guardian = models.ForeignKey(
        Guardian, on_delete=models.CASCADE, related_name="invitation_codes", verbose_name=_("guardian")
    )
    # bookings.models.secrets.token_hash: the code itself is nowhere.
    code_hash = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    masked_fields = frozenset({"code_hash"})

    class Meta:
        verbose_name = _("invitation code")
        verbose_name_plural = _("invitation codes")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["institution", "code_hash"], name="bookings_invitation_code_once")
        ]

    def __str__(self) -> str:
        return f"{self.guardian}"


class CoGuardianInvitation(TenantModel):
    """A guardian asks another adult of the child's, often of a second household, to be a guardian too."""

    masked_fields = frozenset({"token_hash"})

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("taken back")

    invited_by = models.ForeignKey(
        Guardian, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("invited by")
    )
    children = models.ManyToManyField(Child, related_name="+", verbose_name=_("children"))
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("e-mail"))
    relation = models.CharField(_("is the child's"), max_length=60, blank=True)
    may_book = models.BooleanField(_("may book"), default=True)
    may_see_medical = models.BooleanField(_("may see medical notes"), default=False)
    may_collect = models.BooleanField(_("may collect"), default=True)
    # bookings.models.secrets.token_hash: the link itself is in the mail only.
    token_hash = models.CharField(max_length=64, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN)
    expires_at = models.DateTimeField(_("valid until"))
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    accepted_as = models.ForeignKey(
        Guardian, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("is now")
    )

    class Meta:
        verbose_name = _("invitation of another guardian")
        verbose_name_plural = _("invitations of other guardians")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "token_hash"], name="bookings_coguardian_token_once"
            )
        ]
        indexes = [models.Index(fields=["institution", "-asked_at"], name="bookings_coguardian_newest")]

    def __str__(self) -> str:
        return f"{self.invited_by}: {self.name}"


class LinkRequest(TenantModel):
    """Somebody who signed up by himself names a child; the office links the two, or not."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        LINKED = "linked", _("linked")
        REFUSED = "refused", _("refused")

    guardian = models.ForeignKey(
        Guardian, on_delete=models.CASCADE, related_name="link_requests", verbose_name=_("guardian")
    )
    child_name = models.CharField(_("name of the child"), max_length=200)
    date_of_birth = models.DateField(_("date of birth"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.OPEN)
    child = models.ForeignKey(
        Child,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("child"),
    )
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("request to link a child")
        verbose_name_plural = _("requests to link a child")
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["institution", "state", "asked_at"], name="bookings_linkrequest_open")
        ]

    def __str__(self) -> str:
        return f"{self.guardian}: {self.child_name}"


class EmergencyContact(TenantModel):
    """Whom to call, in which order."""

    child = models.ForeignKey(
        Child, on_delete=models.CASCADE, related_name="emergency_contacts", db_index=False
    )
    order = models.PositiveSmallIntegerField(_("is called as number"), default=1)
    name = models.CharField(_("name"), max_length=150)
    relation = models.CharField(_("is the child's"), max_length=60, blank=True)
    phone = models.CharField(_("phone"), max_length=40)

    class Meta:
        verbose_name = _("emergency contact")
        verbose_name_plural = _("emergency contacts")
        ordering = ["order"]
        indexes = [
            models.Index(fields=["institution", "child"], name="bookings_emergency_tenant"),
            models.Index(fields=["child", "order"], name="bookings_emergency_child"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.phone}"


class AuthorisedCollector(TenantModel):
    """An adult besides the guardians who may take the child home."""

    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="collectors", db_index=False)
    name = models.CharField(_("name"), max_length=150)
    relation = models.CharField(_("is the child's"), max_length=60, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    # Asked for at the gate; kept as Django keeps passwords.
    password_hash = models.CharField(max_length=128, blank=True, editable=False)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(_("until"), null=True, blank=True)

    masked_fields = frozenset({"password_hash"})

    class Meta:
        verbose_name = _("authorised collector")
        verbose_name_plural = _("authorised collectors")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_to__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="bookings_collector_ends_after_start",
                violation_error_message=_("The last day lies before the first: put the days in order."),
            )
        ]
        indexes = [
            models.Index(fields=["institution", "child"], name="bookings_collector_tenant"),
            models.Index(fields=["child", "name"], name="bookings_collector_child"),
        ]

    def __str__(self) -> str:
        return self.name


class ConsentKind(TenantModel):
    """What guardians are asked to agree to (photographs, walking home); a new text is a new version."""

    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=150)
    text = models.TextField(_("text"))
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    lets_go_alone = models.BooleanField(
        _("the child may go home alone"),
        default=False,
        help_text=_("Registers say so of who has it; only guardians who may book and collect can give it."),
    )

    class Meta:
        verbose_name = _("consent asked for")
        verbose_name_plural = _("consents asked for")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "code"],
                name="bookings_consentkind_code_once",
                violation_error_message=_("Another consent has that code: choose another."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ConsentQuerySet(TenantQuerySet):
    def in_force(self) -> Self:
        """Given to the text as it reads now, and not withdrawn."""
        return self.filter(withdrawn_at__isnull=True, text_version=F("kind__version"))


class Consent(TenantModel):
    """A guardian agreed for a child to one version of a text, until withdrawn."""

    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="consents", db_index=False)
    kind = models.ForeignKey(ConsentKind, on_delete=models.PROTECT, related_name="consents")
    text_version = models.PositiveSmallIntegerField(_("version"))
    given_by = models.ForeignKey(Guardian, null=True, on_delete=models.SET_NULL, related_name="+")
    given_at = models.DateTimeField(_("given at"), auto_now_add=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-given_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "child", "kind", "text_version"],
                condition=Q(withdrawn_at__isnull=True),
                name="bookings_consent_once",
                violation_error_message=_("This consent was given already."),
            )
        ]
        indexes = [models.Index(fields=["child", "kind"], name="bookings_consent_child")]

    def __str__(self) -> str:
        return f"{self.child}: {self.kind} {self.text_version}"


class MedicalNote(TenantModel):
    """What those who look after a child must know. Encrypted at rest; bookings.medical reads and logs it."""

    class Severity(models.TextChoices):
        NOTE = "note", _("note")
        ALLERGY = "allergy", _("allergy")
        CRITICAL = "critical", _("life-threatening")

    masked_fields = frozenset({"text"})

    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="medical_notes", db_index=False)
    # The flag is seen on registers; the text behind it by those who may.
    severity = models.CharField(_("flag"), max_length=8, choices=Severity.choices, default=Severity.NOTE)
    text = EncryptedTextField(_("text"))
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    written_at = models.DateTimeField(_("written at"), auto_now=True)

    class Meta:
        verbose_name = _("medical note")
        verbose_name_plural = _("medical notes")
        ordering = ["-written_at"]
        indexes = [
            models.Index(fields=["institution", "child"], name="bookings_medicalnote_tenant"),
            models.Index(fields=["child", "severity"], name="bookings_medicalnote_child"),
        ]

    def __str__(self) -> str:
        return f"{self.child}: {self.get_severity_display()}"


class Tutor(TenantModel):
    """Who leads sessions and marks registers."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="tutors",
        verbose_name=_("account"),
    )
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    clearance_expires_on = models.DateField(_("clearance expires on"), null=True, blank=True)
    is_active = models.BooleanField(_("leads sessions"), default=True)

    class Meta:
        verbose_name = _("tutor")
        verbose_name_plural = _("tutors")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "name"],
                name="bookings_tutor_name_once",
                violation_error_message=_("There is a tutor of that name: add an initial."),
            ),
            models.UniqueConstraint(
                fields=["institution", "user"],
                name="bookings_tutor_user_once",
                violation_error_message=_("That account belongs to another tutor already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarFeed(TenantModel):
    """A secret address under which a calendar follows one child's bookings, for one guardian."""

    masked_fields = frozenset({"token_hash"})

    guardian = models.ForeignKey(Guardian, on_delete=models.CASCADE, related_name="calendar_feeds")
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="calendar_feeds")
    token_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        constraints = [
            models.UniqueConstraint(fields=["institution", "token_hash"], name="bookings_feed_token_once")
        ]

    def __str__(self) -> str:
        return f"{self.child}"


class DataRequest(TenantModel):
    """A guardian asks for all data of the family, or for their erasure."""

    class Kind(models.TextChoices):
        EXPORT = "export", _("export")
        ERASURE = "erasure", _("erasure")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, related_name="data_requests")
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.OPEN)
    note = models.CharField(_("note"), max_length=300, blank=True)
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["institution", "state", "asked_at"], name="bookings_datarequest_open")
        ]

    def __str__(self) -> str:
        return f"{self.guardian}: {self.get_kind_display()}"


class FamilyMerge(TenantModel):
    """Two households that were one. `moved` says which rows changed, so that it can be undone."""

    kept = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="+")
    merged = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="+")
    # What changed and what went, in order, as bookings.merging writes it; emptied when the family is erased.
    moved = models.JSONField(default=dict, editable=False)
    done_at = models.DateTimeField(_("done at"), auto_now_add=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge of families")
        verbose_name_plural = _("merges of families")
        ordering = ["-done_at"]
        indexes = [models.Index(fields=["institution", "-done_at"], name="bookings_merge_newest")]

    def __str__(self) -> str:
        return f"{self.merged} → {self.kept}"
