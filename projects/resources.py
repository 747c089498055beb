"""Import and export in the admin, inside the wall: for models of up to some thousand rows, and all exports.

A resource knows its project or has no rows. It finds rows by their natural keys, never by id; references look
in the project only; a cell means what the column's definition says, as in uploaded sheets; what leaves as a
spreadsheet holds no formula.
"""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tablib
from django.contrib.messages import WARNING
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin, ImportExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import Format
from import_export.forms import ExportForm, ImportForm
from import_export.resources import Diff, ModelResource
from import_export.tmp_storages import CacheStorage
from import_export.widgets import ManyToManyWidget, Widget

from .models import Project, ProjectModel
from .spreadsheets.cells import BadCell, items, text
from .spreadsheets.columns import Column, header_key
from .spreadsheets.opening import open_workbook
from .spreadsheets.writing import write_csv, write_xlsx

MOST_ROWS = 5_000
# The library holds the file in memory, and in the cache until it is confirmed.
MOST_BYTES = 5 * 1024 * 1024


# --- files --------------------------------------------------------------------------------------------------


class _Format(Format):
    """The library hands an encoding to formats of text; ours find or know it themselves."""

    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = encoding


class AnyWorkbook(_Format):
    """What the upload page reads: xlsx, xls, ods or csv, recognised by its contents, its real size first."""

    def get_title(self) -> str:
        return str(_("workbook or text (xlsx, xls, ods, csv)"))

    def can_import(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        """The first sheet that holds anything; its first row that holds anything has the headers."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sheet"
            path.write_bytes(in_stream)
            for sheet in open_workbook(path, name="sheet").sheets:
                rows = (row for row in sheet.rows() if any(cell not in (None, "") for cell in row))
                if (headers := next(rows, None)) is not None:
                    return _dataset(headers, rows)
        raise ValueError(_("The file holds no rows. Choose another one."))


def _dataset(headers: list[Any], rows: Iterable[list[Any]]) -> tablib.Dataset:
    width = len(headers)
    dataset = tablib.Dataset(headers=[text(header) if header else "" for header in headers])
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise ValueError(
                _("Here up to %d rows can be read. Use the upload page for longer sheets.") % MOST_ROWS
            )
        dataset.append([*row, *[""] * width][:width])
    return dataset


class _SafeFormat(_Format):
    extension = ""

    def get_title(self) -> str:
        return self.extension

    def get_extension(self) -> str:
        return self.extension

    def can_export(self) -> bool:
        return True

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sheet"
            self.write(path, dataset)
            return path.read_bytes()

    def write(self, path: Path, dataset: tablib.Dataset) -> None:
        raise NotImplementedError


class SafeXlsx(_SafeFormat):
    """Text leaves as text, also when it begins like a formula."""

    extension = "xlsx"

    def get_content_type(self) -> str:
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def write(self, path: Path, dataset: tablib.Dataset) -> None:
        write_xlsx(path, {dataset.title or _("Rows"): (dataset.headers, dataset)})


class SafeCsv(_SafeFormat):
    """Text that begins like a formula gets an apostrophe."""

    extension = "csv"

    def get_content_type(self) -> str:
        return "text/csv"

    def write(self, path: Path, dataset: tablib.Dataset) -> None:
        write_csv(path, dataset.headers, dataset)


# --- cells --------------------------------------------------------------------------------------------------


class CellWidget(Widget):
    """A cell as its column defines it."""

    def __init__(self, column: Column) -> None:
        Widget.__init__(self)
        self.column = column

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            if self.column.required:
                raise ValueError(_("%s is missing.") % self.column.header)
            return self.column.empty
        try:
            return self.column.clean(value)
        except BadCell as reason:
            raise ValueError(str(reason)) from reason

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return "" if value is None else value


class ProjectForeignKeyWidget(CellWidget):
    """A cell that names a row of the same project by its natural key.

    `makes`: a name that is not known yet is added.
    """

    def __init__(self, column: Column, model: type[ProjectModel], key: str, *, makes: bool = False) -> None:
        super().__init__(column)
        self.model, self.key, self.makes = model, key, makes
        self.project: Project | None = None

    def get_queryset(self) -> models.QuerySet:
        return self.model.objects.for_project(self.project)

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        told = super().clean(value, row, **kwargs)
        return None if told in (None, "") else self.find(told)

    def find(self, told: Any) -> ProjectModel:
        found = self.get_queryset().filter(**{f"{self.key}__iexact": told}).first()
        if found is None and self.makes and self.project is not None:
            found = self.model.objects.create(project=self.project, **{self.key: told})
        if found is None:
            words = _("No %(kind)s %(value)s is known. Correct it, or add it first.")
            raise ValueError(words % {"kind": self.model._meta.verbose_name, "value": told})
        return found

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return "" if value is None else getattr(value, self.key)


class ProjectManyWidget(ProjectForeignKeyWidget, ManyToManyWidget):
    """A cell that names several rows of the same project, with commas between.

    The library saves references of this kind after the row itself, and knows them by ManyToManyWidget.
    """

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        told = text(value) if value not in (None, "") else ""
        return [self.find(word) for word in items(text)(told)] if told else []

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return ", ".join(getattr(row, self.key) for row in value.all()) if value is not None else ""


class CellField(Field):
    """A field of a resource that takes its header, meaning and look from a column."""

    def __init__(
        self, column: Column, attribute: str, widget: CellWidget | None = None, **kwargs: Any
    ) -> None:
        super().__init__(
            attribute=attribute, column_name=column.header, widget=widget or CellWidget(column), **kwargs
        )
        self.column = column

    def clean(self, row: Any, **kwargs: Any) -> Any:
        return self.widget.clean(row.get(self.column_name), row=row, **kwargs)


class PlainDiff(Diff):
    """What was and what would be, without the inline styles that the content security policy refuses."""

    def as_html(self) -> list[SafeString]:
        return [
            self._cell("" if self.new else str(before), str(after))
            for before, after in zip(self.left, self.right, strict=True)
        ]

    @staticmethod
    def _cell(before: str, after: str) -> SafeString:
        if before == after:
            return format_html("{}", after)
        was = format_html("<del>{}</del> ", before) if before else ""
        return format_html("{}<ins>{}</ins>", was, after)


# --- the resource -------------------------------------------------------------------------------------------


class ProjectScopedResource(ModelResource):
    """Rows of one project; without a project none. Subclasses declare CellFields."""

    def __init__(self, project: Project | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.project = project
        for field in self.fields.values():
            if isinstance(field.widget, ProjectForeignKeyWidget):
                field.widget.project = project

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        return PlainDiff

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().for_project(self.project)

    def filter_export(self, queryset: models.QuerySet, **kwargs: Any) -> models.QuerySet:
        return queryset.for_project(self.project)

    def init_instance(self, row: Any = None) -> Any:
        if self.project is None:
            raise ValueError(_("There is no project to import into."))
        return self._meta.model(project=self.project, institution_id=self.project.institution_id)

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        """Headers in any case and by any of their other names; a column that must be there is asked for."""
        known: dict[str, str] = {}
        for field in self.get_import_fields():
            for word in (field.column.header, field.column.name, *field.column.aliases):
                known.setdefault(header_key(word), field.column_name)
        dataset.headers = [known.get(header_key(header), header) for header in dataset.headers]
        missing = [
            field.column_name
            for field in self.get_import_fields()
            if field.column.required and field.column_name not in dataset.headers
        ]
        if missing:
            raise ValueError(_("These columns are missing: %s. Add them to the sheet.") % ", ".join(missing))
        # A part of the key that may be empty may be left out altogether.
        for name in self.get_import_id_fields():
            if self.fields[name].column_name not in dataset.headers:
                dataset.append_col([""] * len(dataset), header=self.fields[name].column_name)

    def get_instance(self, instance_loader: Any, row: Mapping[str, Any]) -> Any:
        """A key that cannot be read is told once, by the field itself."""
        try:
            return super().get_instance(instance_loader, row)
        except ValueError:
            return None

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """As the model says; what is wrong already in a cell is not said twice."""
        errors = dict(import_validation_errors or {})
        try:
            instance.full_clean(exclude=set(errors), validate_unique=validate_unique)
        except ValidationError as refusal:
            errors = refusal.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    class Meta:
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True


# --- the admin ----------------------------------------------------------------------------------------------


class ProjectExport(ExportMixin):
    """An export button on a list. `resource_classes` names one ProjectScopedResource."""

    export_formats = [SafeXlsx, SafeCsv]
    export_form_class = ExportForm
    show_change_form_export = False

    def get_export_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"project": request.project}

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_export_data(
        self, file_format: Format, request: HttpRequest, queryset: Any, **kwargs: Any
    ) -> bytes:
        """Numbers and dates leave as such; the writers keep text from becoming formulas."""
        kwargs.pop("encoding", None)
        data = self.get_data_for_export(request, queryset, force_native_type=True, **kwargs)
        return file_format.export_data(data)

    def get_export_filename(self, request: HttpRequest, queryset: Any, file_format: Format) -> str:
        return f"{request.project.slug}-{self.opts.model_name}.{file_format.get_extension()}"


class ShortImportForm(ImportForm):
    def clean_import_file(self) -> UploadedFile:
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            words = _("Here files of up to %s can be read. Use the upload page for larger ones.")
            raise ValidationError(words % filesizeformat(MOST_BYTES))
        return file


class ProjectImportExport(ProjectExport, ImportExportMixin):
    """Import and export buttons on a list."""

    import_form_class = ShortImportForm
    import_formats = [AnyWorkbook]
    # Kept in the cache, which all web servers share; the name is a secret of the one who uploaded.
    tmp_storage_class = CacheStorage

    def get_import_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"project": request.project}

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The file that was looked at waits for a day; it is gone once it was imported."""
        form = self.create_confirm_form(request)
        told = form.cleaned_data if self.has_import_permission(request) and form.is_valid() else {}
        if told and (told["format"] != "0" or CacheStorage(name=told["import_file_name"]).read() is None):
            self.message_user(
                request, _("That file was imported already, or waited too long: choose it again."), WARNING
            )
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_import")
        return super().process_import(request, **kwargs)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)
