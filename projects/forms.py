"""What people fill in about an institution and its projects."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import letterhead, sharing
from .models import Institution, Project, ProjectMember, ProjectRole


class _NewProject(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    slug = forms.SlugField(
        label=gettext_lazy("Address"),
        max_length=50,
        help_text=gettext_lazy("Small letters, numbers and hyphens: it stands in the page's address."),
    )
    term = forms.CharField(label=gettext_lazy("Term"), max_length=100, required=False)


class NewProjectForm(_NewProject):
    archive = forms.FileField(
        label=gettext_lazy("From an archive file"),
        required=False,
        help_text=gettext_lazy("A project that was exported whole. Leave empty for a new one."),
    )


class CopyForm(_NewProject):
    parts = forms.MultipleChoiceField(
        label=gettext_lazy("Take along"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parts"].choices = [(part.code, part.label) for part in sharing.parts()]  # type: ignore[attr-defined]
        self.fields["parts"].initial = [part.code for part in sharing.parts()]


class DetailsForm(forms.ModelForm):
    class Meta:
        model = Project
        fields = ("name", "term", "dates_are_day_first")


class TypedAddressForm(forms.Form):
    typed = forms.CharField(label=gettext_lazy("Its address"), max_length=50)


class LogoInput(forms.ClearableFileInput):
    """Shows the picture itself: the files of institutions have no addresses."""

    template_name = "projects/logo_input.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["picture"] = letterhead.as_address(value) if self.is_initial(value) else ""
        return context


class InstitutionForm(forms.ModelForm):
    class Meta:
        model = Institution
        fields = (
            "name",
            "address",
            "logo",
            "language",
            "time_zone",
            "currency",
            "requires_second_factor",
        )
        widgets = {"logo": LogoInput({"accept": "image/png,image/jpeg"})}

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise forms.ValidationError(_("Write a time zone such as Asia/Karachi or Europe/Warsaw."))
        return zone

    def clean_logo(self) -> Any:
        logo = self.cleaned_data["logo"]
        if not isinstance(logo, UploadedFile):
            return logo
        try:
            return letterhead.logo_from(logo, institution=self.instance)
        except letterhead.CannotTake as reason:
            raise forms.ValidationError(str(reason)) from None


class MemberForm(forms.ModelForm):
    """A role, and for a new member the address. The project comes from the scoped admin."""

    project: Any = None
    standing: Any = None
    refusal = ""
    email = forms.EmailField(label=gettext_lazy("E-mail address"))

    class Meta:
        model = ProjectMember
        fields = ("role", "department")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["email"]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        role, department = told.get("role", ProjectRole.VIEWER), told.get("department", "")
        member = ProjectMember.objects.get(pk=self.instance.pk) if self.instance.pk else None
        try:
            sharing.check_role(project=self.project, member=member, role=role, department=department)
            if member is None:
                sharing.check_is_new(project=self.project, email=told.get("email", ""))
        except sharing.CannotShare as reason:
            self.add_error(None, str(reason))
        if self.refusal and not self.errors:
            self.add_error(None, self.refusal)
        return told
