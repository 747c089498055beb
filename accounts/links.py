"""The link to a new password: an hour for who has one, days for who was invited and has none yet."""

from datetime import timedelta

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.http import base36_to_int

TO_WHO_FORGOT = timedelta(hours=1)


class PasswordLink(EmailAwarePasswordResetTokenGenerator):
    """Django's, which lets every link live for settings.PASSWORD_RESET_TIMEOUT (three days)."""

    def check_token(self, user: AbstractBaseUser | None, token: str | None) -> bool:
        if user is None or token is None or not super().check_token(user, token):
            return False
        made_at = base36_to_int(token.partition("-")[0])
        age = timedelta(seconds=self._num_seconds(self._now()) - made_at)
        return age <= TO_WHO_FORGOT or not user.has_usable_password()
