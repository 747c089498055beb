"""What a guardian tells about himself and the children."""

from typing import Any, cast

from allauth.account.models import EmailAddress
from django import forms
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import families
from ..models import AuthorisedCollector, Child, EmergencyContact, Guardian, Guardianship, MedicalNote


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the school's letter"),
        max_length=40,
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "dir": "ltr"}
        ),
        help_text=_("Ten letters and digits, such as K7Q2-9MXA-PB. Capitals and dashes do not matter."),
    )


class AboutMeForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    )


class MyDetailsForm(forms.ModelForm):
    class Meta:
        model = Guardian
        fields = ["name", "email", "phone", "wants_texts"]

    def __init__(self, *args: Any, sends_texts: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        # A letter names a child and where it is: it goes where the guardian has shown to be at home.
        own = EmailAddress.objects.filter(user=self.instance.user, verified=True).values_list(
            "email", flat=True
        )
        known = dict.fromkeys(filter(None, [self.instance.email, *own]))
        self.fields["email"] = forms.ChoiceField(
            label=_("E-mail"),
            choices=[(email, email) for email in known],
            required=bool(known),
            widget=forms.Select({"dir": "ltr"}),
            help_text=_(
                "Where messages go. For another address, change that of your account first (E-mail and "
                "account): it is confirmed there, and can be chosen here then."
            ),
        )
        self.fields["phone"].widget.attrs.update({"type": "tel", "autocomplete": "tel", "dir": "ltr"})
        if not sends_texts:
            del self.fields["wants_texts"]


class NameChildForm(forms.Form):
    child_name = forms.CharField(
        label=_("Child's full name"), max_length=200, widget=forms.TextInput({"autocomplete": "off"})
    )
    date_of_birth = forms.DateField(
        label=_("Date of birth"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(
        label=_("What else helps the office to find the child"),
        max_length=300,
        required=False,
        help_text=_("Class, year group, or the school's number."),
    )

    def clean_date_of_birth(self) -> Any:
        born = self.cleaned_data["date_of_birth"]
        today = timezone.localdate()
        if born >= today or born.year < today.year - 25:
            raise forms.ValidationError(_("That day cannot be right. Look at the year."))
        return born


class OfChildForm(forms.ModelForm):
    """A row about one child."""

    def __init__(self, data: Any = None, *, child: Child) -> None:
        super().__init__(data, instance=self._meta.model(institution=child.institution, child=child))
        if "phone" in self.fields:
            self.fields["phone"].widget.attrs.update({"type": "tel", "dir": "ltr", "autocomplete": "off"})


class ContactForm(OfChildForm):
    class Meta:
        model = EmergencyContact
        fields = ["name", "relation", "phone"]
        help_texts = {"relation": _("Grandmother, neighbour …")}


class CollectorForm(OfChildForm):
    password = forms.CharField(
        label=_("Password at the gate"),
        max_length=60,
        required=False,
        help_text=_("Asked for when this person comes. Leave it empty if the tutors know the face."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    class Meta:
        model = AuthorisedCollector
        fields = ["name", "relation", "phone"]
        help_texts = {"relation": _("Grandmother, neighbour …")}

    def save(self, commit: bool = True) -> Any:
        if told := self.cleaned_data["password"].strip():
            self.instance.password_hash = make_password(told.casefold())
        return super().save(commit)


class NoteForm(forms.Form):
    severity = forms.ChoiceField(
        label=_("How grave is it?"), choices=MedicalNote.Severity.choices, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=_("What is it, and what is to be done?"),
        max_length=4000,
        widget=forms.Textarea({"rows": 5}),
    )


class InviteForm(forms.Form):
    """Another guardian of the child, and of brothers and sisters for whom the same person may book."""

    name = forms.CharField(label=_("Name"), max_length=150, widget=forms.TextInput({"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput({"autocomplete": "off", "dir": "ltr"}),
        help_text=_("The link goes there. It works once, for two weeks."),
    )
    relation = forms.CharField(
        label=_("Is the child's"), max_length=60, required=False, help_text=_("Father, grandmother …")
    )
    children = forms.MultipleChoiceField(label=_("For"), widget=forms.CheckboxSelectMultiple)
    may_book = forms.BooleanField(label=_("may book, and change what the school knows"), required=False)
    may_see_medical = forms.BooleanField(label=_("may read and write medical notes"), required=False)
    may_collect = forms.BooleanField(label=_("may take the child home"), required=False)

    def __init__(self, data: Any = None, *, right: Guardianship) -> None:
        super().__init__(data, initial={"may_book": True, "may_collect": True}, auto_id="invite_%s")
        mine = [row for row in families.guardianships(right.guardian) if row.may_book]
        children = cast(forms.MultipleChoiceField, self.fields["children"])
        children.choices = [(row.child.public_id, row.child.first_name) for row in mine]
        children.initial = [right.child.public_id]
        if not right.may_see_medical:
            del self.fields["may_see_medical"]
        if not right.may_collect:
            del self.fields["may_collect"]
