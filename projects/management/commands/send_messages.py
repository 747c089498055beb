from django.core.management.base import BaseCommand

from projects import outbox


class Command(BaseCommand):
    help = "Send the messages that are due, once; the mail worker does it by itself every minute."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{outbox.sweep()} messages tried.")
