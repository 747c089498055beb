"""Pages for families, tutors and visitors: /b/<institution>/…, outside of the staff's /at/…."""

from django.urls import include, path

from .views import (
    ballots,
    booking,
    calendars,
    catalogue,
    children,
    family,
    inviting,
    joining,
    paying,
    registers,
    waiting,
)

app_name = "bookings"

of_child = [
    path("", children.child, name="child"),
    path("health/", children.health, name="health"),
    path("health/<int:pk>/remove/", children.health_removed, name="health_removed"),
    path("contacts/", children.contact, name="contact"),
    path("contacts/<int:pk>/remove/", children.contact_removed, name="contact_removed"),
    path("collectors/", children.collector, name="collector"),
    path("collectors/<int:pk>/remove/", children.collector_removed, name="collector_removed"),
    path("consents/<slug:code>/", children.consent, name="consent"),
    path("guardians/", inviting.invited, name="invited"),
    path("guardians/<int:pk>/withdraw/", inviting.invitation_withdrawn, name="invitation_withdrawn"),
    path("calendar/", children.calendar, name="calendar"),
    path("absences/<int:meeting>/", family.absence, name="absence"),
]

of_meeting = [
    path("", registers.register, name="register"),
    path("print/", registers.printed, name="printed"),
    path("mark/", registers.mark, name="mark"),
    path("marks/", registers.marks, name="marks"),
    path("children/<str:public_id>/collect/", registers.collect, name="collect"),
    path("children/<str:public_id>/health/", registers.health, name="register_health"),
]

pages = [
    path("", catalogue.catalogue, name="catalogue"),
    path("sessions/<str:public_id>/", catalogue.session, name="session"),
    path("sessions/<str:public_id>/choose/", booking.choose, name="choose"),
    path("join/", joining.join, name="join"),
    path("join/ask/", joining.ask_to_join, name="ask_to_join"),
    path("invitations/<str:token>/", inviting.invitation, name="invitation"),
    path("family/", family.family, name="family"),
    path("family/me/", family.me, name="me"),
    path("family/data/", family.data, name="data"),
    path("family/data/export/", family.data_export, name="data_export"),
    path("family/data/erasure/", family.data_erasure, name="data_erasure"),
    path("family/<str:public_id>/", include(of_child)),
    path("book/", booking.book, name="book"),
    path("booked/<str:key>/", booking.booked, name="booked"),
    path("bookings/<str:public_id>/cancel/", booking.cancel, name="cancel"),
    path("bookings/<str:public_id>/swap/", booking.swap, name="swap"),
    path("queue/<str:public_id>/leave/", waiting.leave, name="leave"),
    path("queue/<str:public_id>/offer/", waiting.offer_of_entry, name="offer_of_entry"),
    path("offers/<str:token>/", waiting.offer, name="offer"),
    path("account/", paying.account, name="account"),
    path("account/pay/", paying.pay, name="pay"),
    path("account/paid/", paying.paid, name="paid"),
    path("account/receipts/<str:public_id>.pdf", paying.receipt, name="receipt"),
    path("account/payouts/<int:number>.pdf", paying.payout, name="payout"),
    path("ballots/<str:public_id>/", ballots.ballot, name="ballot"),
    path("ballots/<str:public_id>/draw.json", ballots.draw_file, name="draw_file"),
    path("ballots/<str:public_id>/wishes/<str:child>/", ballots.wishes, name="wishes"),
    path("registers/", registers.registers, name="registers"),
    path("registers/worker.js", registers.worker, name="worker"),
    path("registers/offline/", registers.offline, name="offline"),
    path("registers/<int:pk>/", include(of_meeting)),
    path("on-site/", registers.on_site, name="on_site"),
    path("alerts/<int:pk>/", registers.alert, name="alert"),
    path("late-marks/<int:pk>/", registers.late_mark, name="late_mark"),
]

urlpatterns = [
    # Before the rest: no person is signed in where a calendar program asks.
    path("b/<slug:institution>/calendars/<str:token>.ics", calendars.feed, name="feed"),
    path("b/<slug:institution>/", include(pages)),
    # Of no institution: a provider knows one address, and the local one stands in its place.
    path("pay/tell/<slug:provider>/", paying.webhook, name="payment_webhook"),
    path("pay/local/<str:ref>/", paying.local_checkout, name="local_checkout"),
]
