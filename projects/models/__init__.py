from .files import FileKind, SavePoint, StoredFile
from .history import Change, HistoryIsKept
from .outbox import OutboxMessage
from .people import BusyTime, Person
from .tenancy import (
    Institution,
    Membership,
    Place,
    Project,
    ProjectMember,
    ProjectModel,
    ProjectQuerySet,
    ProjectRole,
    Role,
    Stage,
    TenantModel,
    TenantQuerySet,
)
from .throttle import Bucket

__all__ = [
    "Bucket",
    "BusyTime",
    "Change",
    "FileKind",
    "HistoryIsKept",
    "Institution",
    "Membership",
    "OutboxMessage",
    "Person",
    "Place",
    "Project",
    "ProjectMember",
    "ProjectModel",
    "ProjectQuerySet",
    "ProjectRole",
    "Role",
    "SavePoint",
    "Stage",
    "StoredFile",
    "TenantModel",
    "TenantQuerySet",
]
