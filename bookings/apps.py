from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Activity bookings")

    def ready(self) -> None:
        from projects import outbox, schedules
        from projects import ways_in as doors

        from . import feeds, letters, ways_in

        schedules.add("bookings.tasks.sweep_holds", minutes=1, cluster="mail")
        schedules.add("bookings.keys.forget", minutes=60, cluster="mail")
        schedules.add("bookings.tasks.count_again", minutes=24 * 60, cluster="mail")
        schedules.add("bookings.tasks.forget", minutes=24 * 60, cluster="mail")
        schedules.add("bookings.tasks.look_for_missing_children", minutes=1, cluster="mail")
        schedules.add("bookings.paying.catch_up", minutes=2, cluster="mail")
        schedules.add("bookings.instalments.remind", minutes=720, cluster="mail")
        schedules.add("bookings.tasks.remind", minutes=30, cluster="mail")
        outbox.made_when_sent("bookings.booking", feeds.attachment)
        outbox.told_when_sent("bookings.booking", letters.of_booking)
        outbox.told_when_sent("bookings.wait", letters.of_wait)
        outbox.told_when_sent("bookings.tomorrow", letters.of_tomorrow)
        doors.add(ways_in.of)
