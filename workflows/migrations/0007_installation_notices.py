"""Bind definitions and tokens to entries in the chain of the installation."""

from django.db import migrations

from workflows.migrations_support import governed_table, notice_function


class Migration(migrations.Migration):
    dependencies = [("workflows", "0006_evaluation")]
    operations = [
        notice_function(),
        governed_table("workflows_definition"),
        governed_table("workflows_definitionfile"),
        governed_table("workflows_apitoken"),
    ]
