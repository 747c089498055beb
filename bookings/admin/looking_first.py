"""Pages of the office that show what an act would do before it is done: one button looks, the other does."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


class InstitutionForm(forms.Form):
    """Its choices of rows are this institution's, in the order that `rows` gives them."""

    def __init__(self, *args: Any, institution: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.institution = institution
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = field.queryset.model._default_manager.for_institution(institution)


def rows_of(model: type[Model], **options: Any) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(model._default_manager.none(), **options)


def day(**options: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **options)


def page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    site = admin.site.each_context(request)
    return TemplateResponse(request, f"bookings/staff/{template}.html", {**site, **context})


def is_sure(request: HttpRequest) -> bool:
    """The second button: it has been looked at."""
    return request.method == "POST" and "sure" in request.POST
