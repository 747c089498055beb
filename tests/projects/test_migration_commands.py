"""An initial migration makes each model whole: a migration of a hundred models takes seconds, not minutes."""

from django.db import models
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel

from projects.management.commands.makemigrations import whole_models


def model(name, **fields):
    return CreateModel(name, [("id", models.AutoField(primary_key=True)), *fields.items()])


def to(name):
    return models.ForeignKey(f"app.{name}", models.CASCADE)


def shape(operations):
    return [
        (one.name, [name for name, _field in one.fields]) if isinstance(one, CreateModel) else one.model_name
        for one in operations
    ]


def test_a_field_that_was_added_later_is_made_with_its_model():
    operations = [model("Book"), model("Author"), AddField("book", "author", to("author"))]
    assert shape(whole_models(operations)) == [("Author", ["id"]), ("Book", ["id", "author"])]


def test_indexes_and_constraints_become_options():
    index = models.Index(fields=["id"], name="i")
    unique = models.UniqueConstraint(fields=["id"], name="u")
    [book] = whole_models([model("Book"), AddIndex("book", index), AddConstraint("book", unique)])
    assert (book.options["indexes"], book.options["constraints"]) == ([index], [unique])


def test_two_models_that_need_each_other_are_made_and_then_joined():
    operations = [
        model("Run"),
        model("Plan"),
        AddField("run", "plan", to("plan")),
        AddField("plan", "run", to("run")),
        AddConstraint("run", models.UniqueConstraint(fields=["plan"], name="once")),
    ]
    found = shape(whole_models(operations))
    assert found[0] == ("Run", ["id"])
    assert found[1] == ("Plan", ["id", "run"])
    assert found[2:] == ["run", "run"]
    assert [name for name, *_ in found[:2]] == ["Run", "Plan"]


def test_a_relation_through_a_model_waits_for_it():
    courses = models.ManyToManyField("app.course", through="app.examcourse")
    operations = [
        model("Course"),
        model("Exam"),
        model("ExamCourse", exam=to("exam"), course=to("course")),
        AddField("exam", "courses", courses),
    ]
    assert shape(whole_models(operations))[-1] == "exam"
