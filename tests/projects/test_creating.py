import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from projects.creating import CreateModels


@pytest.mark.django_db(transaction=True)
def test_models_that_name_each_other_are_created_whole_in_one_step_and_go_again():
    key = [("id", models.BigAutoField(primary_key=True))]
    create = CreateModels(
        [
            migrations.CreateModel("Hen", [*key, ("name", models.CharField(max_length=9))]),
            migrations.CreateModel("Egg", [*key, ("of", models.ForeignKey("projects.hen", models.CASCADE))]),
            migrations.AddField(
                "hen", "out_of", models.ForeignKey("projects.egg", models.CASCADE, null=True)
            ),
            migrations.AddConstraint("hen", models.UniqueConstraint(fields=["name"], name="hen_once")),
        ]
    )
    before, after = ProjectState(), ProjectState()
    create.state_forwards("projects", after)

    with connection.schema_editor() as editor:
        create.database_forwards("projects", editor, before, after)
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "projects_hen")
    assert {"hen_once"} <= set(constraints)
    assert ["out_of_id"] in [one["columns"] for one in constraints.values() if one["foreign_key"]]

    with connection.schema_editor() as editor:
        create.database_backwards("projects", editor, after, before)
    assert not {"projects_hen", "projects_egg"} & set(connection.introspection.table_names())


def test_what_is_not_about_a_model_created_here_is_refused():
    for lost in (
        migrations.RunPython(migrations.RunPython.noop),
        migrations.AddField("elsewhere", "name", models.CharField(max_length=9)),
    ):
        with pytest.raises(ValueError, match="own operations"):
            CreateModels([lost])
