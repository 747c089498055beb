"""What allauth asks of us: mail through the outbox, patience in place of locks, our words.

allauth's own rate limits are off (settings): they refuse an address for everybody once a stranger has
guessed at it often enough. Here a failed sign-in slows down that visitor only. A device that its owner has
signed in on before is counted by itself, so that nobody else's attempts, not even from the same network, keep
the owner out; and the link of "Forgotten the password?" signs in without the form.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User

from . import outbox, throttle
from .throttle import Rate

# A visitor's wrong passwords for one address; then a wait of seconds that grows to minutes.
GUESSES = (Rate(5, 60), Rate(20, 3600))
GUESSES_ON_KNOWN_DEVICE = (Rate(10, 60), Rate(60, 3600))
# Wrong passwords for whatever addresses from one network, which may be a whole school's.
GUESSES_OF_NETWORK = (Rate(60, 60),)
CODES = (Rate(5, 60), Rate(30, 3600))
# Mail that a visitor can cause: to one address, and by one network.
MAIL_TO_ADDRESS = (Rate(5, 900),)
MAIL_BY_NETWORK = (Rate(200, 600),)

DEVICE_COOKIE = "known_device"
DEVICE_COOKIE_AGE = 365 * 24 * 3600

# allauth's mails: our template, and whether it lets its reader in.
MAILS = {
    "email_confirmation": ("account_code", True),
    "email_confirmation_signup": ("account_code", True),
    "password_reset_key": ("account_new_password", True),
    "account_already_exists": ("account_exists", False),
    "unknown_account": ("account_unknown", False),
}
NOTICES = {
    "email_changed": _("The e-mail address of your account has been changed"),
    "email_deleted": _("An e-mail address of your account has been removed"),
    "password_changed": _("Your password has been changed"),
    "password_reset": _("Your password has been changed"),
    "password_set": _("Your password has been set"),
    "recovery_codes_generated": _("New recovery codes have been made for your account"),
    "totp_activated": _("Your account has a second factor now"),
    "totp_deactivated": _("The second factor of your account has been removed"),
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account may not sign in. Ask your institution's office."),
        "duplicate_email": _("That is your address already."),
        "email_password_mismatch": _("The address and the password do not belong together. Try again."),
        "enter_current_password": _("That is not your present password. Try again."),
        "incorrect_code": _("That is not the code. Look again, or ask for another."),
        "incorrect_password": _("That is not your password. Try again."),
        "invalid_password_reset": _("This link has been used or is too old. Ask for a new one."),
        "rate_limited": _("That was a little too quick. Wait a minute and try again."),
        "too_many_login_attempts": _("That code is used up. Sign in again for another."),
    }

    def new_user(self, request: HttpRequest) -> User:
        user = super().new_user(request)
        language = get_language()
        if language in dict(settings.LANGUAGES):
            user.language = language
        return user

    # --- signing in -----------------------------------------------------------------------------------------

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        address = credentials.get("email", "").lower()
        with self._slowing_down(request, *self._sign_in_buckets(request, address)) as give_back:
            user = super().authenticate(request, **credentials)
            if user:
                give_back()
        return user

    @contextmanager
    def guessing(self, user: User) -> Iterator[None]:
        """Round the check of a code or password of somebody known already; an exception inside counts."""
        request = context.request
        device = self._device(request, user.email)
        with self._slowing_down(request, ("code", (user.pk, device or ""), CODES)) as give_back:
            yield
            give_back()

    def is_reauthentication_required(self, **kwargs: Any) -> bool:
        # Who has just signed in is not asked again at once.
        is_fresh = context.request.session.get("signed_in_at", 0) > time.time() - REAUTHENTICATION_TIMEOUT
        return not is_fresh and super().is_reauthentication_required(**kwargs)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        request.session["signed_in_at"] = time.time()
        options = {"httponly": True, "samesite": "Lax", "secure": settings.SESSION_COOKIE_SECURE}
        if not self._device(request, user.email):
            mark = f"{_mark_of(user.email)}.{get_random_string(22)}"
            response.set_signed_cookie(DEVICE_COOKIE, mark, max_age=DEVICE_COOKIE_AGE, **options)
        # The same language once the session is over.
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, user.language, max_age=DEVICE_COOKIE_AGE, **options
        )
        return response

    def _sign_in_buckets(self, request: HttpRequest, address: str) -> list[tuple]:
        if device := self._device(request, address):
            return [("sign-in", (address, device), GUESSES_ON_KNOWN_DEVICE)]
        network = throttle.client_address(request)
        return [
            ("sign-in", (address, network), GUESSES),
            ("sign-in of network", (network,), GUESSES_OF_NETWORK),
        ]

    def _device(self, request: HttpRequest, address: str) -> str | None:
        """This browser's mark, if that address has signed in here before."""
        mark = request.get_signed_cookie(DEVICE_COOKIE, default="", max_age=DEVICE_COOKIE_AGE)
        return mark if mark and mark.partition(".")[0] == _mark_of(address) else None

    @contextmanager
    def _slowing_down(self, request: HttpRequest, *buckets: tuple) -> Iterator[Any]:
        """Counts before the act, so that a hundred at once are a hundred; yields what takes it back."""
        taken: list[tuple] = []

        def give_back() -> None:
            for scope, parts, rates in taken:
                throttle.give_back(scope, *parts, rates=rates)

        try:
            for scope, parts, rates in buckets:
                throttle.slow_down(scope, *parts, rates=rates)
                taken.append((scope, parts, rates))
        except throttle.SlowDown as reason:
            give_back()
            raise ImmediateHttpResponse(throttle.too_many(request, reason)) from reason
        yield give_back

    # --- mail -----------------------------------------------------------------------------------------------

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        name = template_prefix.rpartition("/")[2]
        if name in NOTICES:
            template, is_secret = "account_notice", False
        else:
            template, is_secret = MAILS[name]
            if not self._may_mail(name, email):
                return
        user = context.get("user")
        addresses = {
            "sign_in_url": outbox.page_address("account_login"),
            "signup_url": outbox.page_address("account_signup"),
            "password_reset_url": outbox.page_address("account_reset_password"),
        }
        language = user.language if isinstance(user, User) else get_language()
        outbox.write(
            institution=None,
            to=email,
            template=template,
            context={**addresses, **context, "notice": NOTICES.get(name)},
            language=language or settings.LANGUAGE_CODE,
            is_secret=is_secret,
        )

    def _may_mail(self, name: str, email: str) -> bool:
        network = throttle.client_address(context.request)
        try:
            throttle.slow_down("mail by network", network, rates=MAIL_BY_NETWORK)
            throttle.slow_down("mail to address", email.lower(), rates=MAIL_TO_ADDRESS)
        except throttle.SlowDown as reason:
            if name in ("password_reset_key", "unknown_account"):
                # The link of the mail before still works, and the page must not tell whose address it is.
                return False
            raise ImmediateHttpResponse(throttle.too_many(context.request, reason)) from reason
        return True

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        super().send_notification_mail(template_prefix, user, {**(context or {}), "user": user}, email)

    def get_reset_password_from_key_url(self, key: str) -> str:
        # By the configured address: the Host header is the visitor's to choose.
        return outbox.page_address("account_reset_password_from_key", *key.split("-", 1))


def _mark_of(address: str) -> str:
    return salted_hmac("known device", address.lower(), algorithm="sha256").hexdigest()[:32]
