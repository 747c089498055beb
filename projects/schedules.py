"""What the queue does by the clock. The rows follow this code at each migrate; nobody edits them by hand.

An app adds its own in its AppConfig.ready(): schedules.add("scheduling.tasks.sweep_runs", minutes=1, …).
"""

from typing import Any

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

_planned: dict[str, dict[str, Any]] = {}


def add(task: str, *, minutes: int, cluster: str) -> None:
    """Have the queue call the task (a dotted path) every so many minutes."""
    _planned[task] = {
        "func": task,
        "schedule_type": "I",
        "minutes": minutes,
        "cluster": cluster,
        "repeats": -1,
    }


def keep(**_signal: Any) -> None:
    """After migrate: the cache's table and the planned schedules, no others."""
    from django_q.models import Schedule

    call_command("createcachetable", verbosity=0)
    if Schedule._meta.db_table not in connection.introspection.table_names():
        return  # only some apps have been migrated
    Schedule.objects.exclude(name__in=_planned).delete()
    for name, fields in _planned.items():
        Schedule.objects.update_or_create(
            name=name, defaults=fields, create_defaults={**fields, "next_run": timezone.now()}
        )
