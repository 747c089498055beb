"""Addresses across the wall: inside a tenant every reverse() stays inside; these lead out again."""

from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse


def number(told: str) -> int | None:
    """A row's number as an address asks for it; None if it is none. "²" and 5,000 digits are none."""
    return int(told) if told.isdecimal() and len(told) < 19 else None


def outside(request: HttpRequest, name: str, *args: Any) -> str:
    """The address of a page that belongs to no tenant: home, the account, signing out."""
    root = request.META.get("SCRIPT_NAME", "").rstrip("/")
    return f"{root}/{reverse(name, args=args).removeprefix(get_script_prefix())}"


def staff(request: HttpRequest, institution_slug: str, project_slug: str = "") -> str:
    """The staff's front page of an institution or of a project."""
    root = request.META.get("SCRIPT_NAME", "").rstrip("/")
    return "/".join([root, "at", institution_slug, *([project_slug] if project_slug else []), "staff", ""])
