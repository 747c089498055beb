"""What the mail queue carries out: thin, because the acts hold the sense."""

from django.core.management import call_command

from . import outbox, throttle


def send_message(message_id: int) -> str | None:
    return outbox.send(message_id)


def sweep_messages() -> int:
    return outbox.sweep()


def tidy() -> None:
    """Every hour: forget what nobody needs any more."""
    throttle.sweep()
    outbox.tidy()
    call_command("clearsessions")
