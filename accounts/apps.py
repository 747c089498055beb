from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People who sign in")

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added

        from . import mfa

        authenticator_added.connect(mfa.end_sessions_without_it)
