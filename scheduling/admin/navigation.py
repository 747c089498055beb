"""What the staff site shows of datesheets: the pages, and the navigation in the order of the work."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from projects.admin_project import INSTITUTION, PROJECT
from projects.models import (
    Change,
    Membership,
    OutboxMessage,
    Person,
    ProjectMember,
    SavePoint,
    Stage,
    StoredFile,
)
from projects.site import Listing, Page, Section, StaffSite

from .. import models
from . import (
    calendar_page,
    datesheet_page,
    duties_page,
    front,
    photos_page,
    prints_page,
    publish_page,
    roster,
    rules_page,
    seat_map,
    seats_page,
    solving_pages,
    upload_pages,
)

SOLVE = Page("solve", "solve/", solving_pages.solve, _("Solve"), "play")
RULES = Page("rules", "rules/", rules_page.rules_page, _("Rules"), "sliders-horizontal")
DATESHEET = Page("live_datesheet", "datesheet/", datesheet_page.live_datesheet, _("Datesheet"), "table-2")
SEATS = Page("seats", "seats/", seats_page.seats, _("Seat plan"), "layers")
DUTIES = Page("duties", "duties/", duties_page.duties, _("Duties"), "hand")
PHOTOS = Page(
    "photos",
    "photos/",
    photos_page.photos_page,
    _("Upload photos"),
    "upload",
    may_open=lambda standing: standing.may_read_uploads,
)
PUBLISH = Page("publish", "publish/", publish_page.publish, _("Publish"), "megaphone")
PRINTS = Page("prints", "prints/", prints_page.prints, _("Prints"), "printer")
UPLOAD = Page(
    "upload",
    "uploads/",
    upload_pages.upload,
    _("Upload sheets"),
    "upload",
    may_open=lambda standing: standing.may_read_uploads,
)
PAGES = [
    UPLOAD,
    UPLOAD._replace(name="upload_seen", route="uploads/<int:number>/", view=upload_pages.seen),
    UPLOAD._replace(
        name="upload_progress", route="uploads/<int:number>/progress/", view=upload_pages.progress
    ),
    UPLOAD._replace(
        name="read_again", route="uploads/<int:number>/read-again/", view=upload_pages.read_again
    ),
    UPLOAD._replace(name="take_over", route="uploads/<int:number>/take-over/", view=upload_pages.take_over),
    UPLOAD._replace(
        name="upload_errors", route="uploads/<int:number>/errors/<int:file>/", view=upload_pages.error_file
    ),
    SOLVE,
    RULES,
    DATESHEET,
    PUBLISH,
    Page("withdraw", "publish/withdraw/", publish_page.withdraw),
    PRINTS,
    Page("prints_made", "prints/made/", prints_page.prints_made),
    Page("prints_seen", "prints/look/", prints_page.preview_all),
    Page("print_preview", "prints/<slug:code>/preview/", prints_page.preview),
    Page("print_picture", "prints/<slug:code>/picture/", prints_page.picture),
    Page("make_periods", "calendar/", calendar_page.make_periods_page),
    Page("make_exams", "make-exams/", solving_pages.make_exams),
    Page("run", "runs/<int:number>/", solving_pages.run),
    Page("run_progress", "runs/<int:number>/progress/", solving_pages.run_progress),
    Page("cancel_run", "runs/<int:number>/cancel/", solving_pages.cancel_run),
    Page("replay_run", "runs/<int:number>/replay/", solving_pages.replay_run),
    Page("solution", "solutions/<int:number>/", solving_pages.solution),
    Page("make_live", "solutions/<int:number>/make-live/", solving_pages.make_live),
    Page("compare", "solutions/<int:number>/compare/", solving_pages.compare),
    Page("datesheet", "solutions/<int:number>/datesheet/", datesheet_page.datesheet),
    Page("exam_beside", "solutions/<int:number>/exams/<int:exam>/", datesheet_page.exam_beside),
    SEATS,
    Page("what_fits", "seats/what-fits/", seats_page.what_fits),
    Page("start_seats", "seats/start/", seats_page.start_seats),
    Page("rooms_seated", "solutions/<int:number>/seats/", seats_page.rooms_seated),
    Page("seat_map", "solutions/<int:number>/seats/<int:period>/<int:room>/", seat_map.seat_map),
    Page("seat_changes", "solutions/<int:number>/seats/changes/", seats_page.seat_changes),
    Page("seat_late", "solutions/<int:number>/seats/late/", seats_page.seat_late),
    Page("lose_room", "solutions/<int:number>/seats/<int:period>/<int:room>/lose/", seats_page.lose_room),
    Page("pin_seat", "solutions/<int:number>/seats/<int:seating>/pin/", seat_map.pin_seat),
    Page("move_candidate", "solutions/<int:number>/seats/<int:seating>/move/", seat_map.move_candidate),
    DUTIES,
    Page("start_duties", "duties/start/", duties_page.start_duties),
    Page("roster", "solutions/<int:number>/roster/", roster.roster),
    Page("duty", "solutions/<int:number>/roster/<int:duty>/", roster.duty),
    Page("stand_in", "solutions/<int:number>/roster/stand-in/", roster.stand_in),
    Page("decline_duty", "solutions/<int:number>/roster/<int:duty>/decline/", roster.decline_duty),
    Page("pin_duty", "solutions/<int:number>/roster/<int:duty>/pin/", roster.pin_duty),
    Page("give_duty", "solutions/<int:number>/roster/<int:duty>/give/", roster.give_duty),
    PHOTOS,
    PHOTOS._replace(name="photo", route="photos/<int:number>/", view=photos_page.photo),
    Page("move_exam", "solutions/<int:number>/exams/<int:exam>/move/", datesheet_page.move_exam),
    Page("pin_exam", "solutions/<int:number>/exams/<int:exam>/pin/", datesheet_page.pin_exam),
]
SECTIONS = [
    Section(
        _("Data"),
        [
            UPLOAD,
            Listing(models.Student, "users"),
            Listing(models.Registration, "clipboard-list"),
            Listing(models.Course, "book-open"),
            Listing(models.Exam, "file-text"),
            Listing(models.Room, "door-open"),
            Listing(models.Seat, "square"),
            Listing(models.Teacher, "briefcase"),
        ],
    ),
    Section(
        _("Calendar"),
        [
            Listing(models.Period, "clock"),
            Listing(models.Holiday, "palmtree"),
            Listing(models.WeeklyBreak, "coffee"),
            Listing(models.Lesson, "school"),
            Listing(models.RoomClosure, "lock"),
        ],
    ),
    Section(
        _("Rules"),
        [
            RULES,
            Listing(models.FixedPlacement, "pin"),
            Listing(models.ExamRule, "list-checks"),
            Listing(models.ExamLink, "link-2"),
            Listing(models.AllowedClash, "ban"),
        ],
    ),
    Section(
        _("Datesheet"),
        [SOLVE, DATESHEET, Listing(models.Solution, "layers"), Listing(models.Run, "rotate-ccw")],
    ),
    Section(
        _("Rooms and seats"),
        [SEATS, Listing(models.SeatPin, "pin"), Listing(models.StudentPhoto, "user"), PHOTOS],
    ),
    Section(
        _("Duties"),
        [
            DUTIES,
            Listing(models.StaffingStep, "list-checks"),
            Listing(models.Exemption, "palmtree"),
            Listing(models.Unavailability, "coffee"),
            Listing(models.TeacherPair, "users"),
            Listing(models.Relative, "user"),
            Listing(models.DutyPin, "pin"),
        ],
    ),
    Section(_("Publish"), [PUBLISH, PRINTS, Listing(models.PrintSetting, "settings")]),
    Section(
        _("More data"),
        [
            Listing(models.Programme, "graduation-cap"),
            Listing(models.Department, "network"),
            Listing(models.Designation, "badge-check"),
            Listing(models.Teaches, "book-open"),
            Listing(models.AccessArrangement, "accessibility"),
            Listing(models.Hold, "hand"),
            Listing(models.RoomPool, "layers"),
            Listing(models.CandidateGroup, "users"),
        ],
    ),
    Section(
        _("Project"),
        [
            PROJECT,
            Listing(ProjectMember, "user-cog"),
            Listing(StoredFile, "folder"),
            Listing(SavePoint, "save"),
            Listing(Change, "history"),
        ],
    ),
    Section(
        _("Institution"),
        [
            Listing(Membership, "user-cog"),
            Listing(Person, "users"),
            Listing(OutboxMessage, "mail"),
            INSTITUTION,
        ],
    ),
]


def furnish(site: StaffSite) -> None:
    site.pages += PAGES
    site.sections += SECTIONS
    site.project_front = front.project_front
    site.stage_pages |= {
        Stage.DATA: "upload",
        Stage.RULES: "rules",
        Stage.DATESHEET: "live_datesheet",
        Stage.ROOMS: "seats",
        Stage.DUTIES: "duties",
        Stage.PUBLISHED: "publish",
    }


furnish(admin.site)  # type: ignore[arg-type]
