"""allauth's forms with our labels, and with patience where a code or password could be guessed.

The account adapter's guessing() slows down; see settings for which form is used where.
"""

from typing import Any

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .models import User


class WithoutPlaceholders:
    """A placeholder that repeats the label is noise, and gone when it would help."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            if isinstance(field, forms.EmailField):
                field.label = _("E-mail address")
            if isinstance(field, forms.EmailField) or "code" in field.widget.attrs.get("autocomplete", ""):
                # Also on a page that runs from right to left.
                field.widget.attrs["dir"] = "ltr"


class WithNewPassword(WithoutPlaceholders):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        password, again = self.fields["password1"], self.fields["password2"]
        password.label, again.label = _("New password"), _("The same again")
        password.help_text = _("At least 10 characters; not only digits, no common word, not your name.")


class SignInForm(WithoutPlaceholders, account.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        self.fields["remember"].label = _("Stay signed in on this device")


class SignUpForm(WithNewPassword, account.SignupForm):
    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    field_order = ("name", "email", "password1", "password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            # As slow as making an account is, so that the time does not tell who has one.
            User().set_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class NewEmailForm(WithoutPlaceholders, account.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail address")


class EmailCodeForm(WithoutPlaceholders, account.ConfirmEmailVerificationCodeForm):
    pass


class ChangePasswordForm(WithNewPassword, account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Present password")

    def clean_oldpassword(self) -> str:
        with get_adapter().guessing(self.user):
            return super().clean_oldpassword()


class ResetPasswordForm(WithoutPlaceholders, account.ResetPasswordForm):
    pass


class NewPasswordForm(WithNewPassword, account.ResetPasswordKeyForm):
    def save(self) -> None:
        super().save()
        # The link went to this address, so it is this person's.
        self.user.confirm_email()


class ConfirmPasswordForm(WithoutPlaceholders, account.ReauthenticateForm):
    pass


class AuthenticatorCodeForm(WithoutPlaceholders, mfa.AuthenticateForm):
    def clean_code(self) -> str:
        with get_adapter().guessing(self.user):
            return super().clean_code()


class ConfirmCodeForm(WithoutPlaceholders, mfa.ReauthenticateForm):
    def clean_code(self) -> str:
        with get_adapter().guessing(self.user):
            return super().clean_code()


class AddAuthenticatorForm(WithoutPlaceholders, totp.ActivateTOTPForm):
    pass
