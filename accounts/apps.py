from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People who sign in"

    def ready(self) -> None:
        # USERNAME_FIELD is unique by a case-insensitive constraint, which the system check cannot see.
        pass
