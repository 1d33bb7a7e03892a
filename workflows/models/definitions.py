"""Deployed packages: immutable, named by key, semantic version and digest."""

from django.db import models


class Definition(models.Model):
    """One deployed version of a package; never changed, at most retired.

    `calls` says what each call activity would have called when this was deployed, by
    `process/node`. `retiring_at` ends new starts; the version is retired when its last
    instance has ended.
    """

    key = models.CharField(max_length=100)
    version = models.CharField(max_length=50)
    version_order = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    description = models.TextField(default="")
    owner = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    process_id = models.CharField(max_length=200)
    processes = models.JSONField()
    contracts = models.JSONField(default=dict)
    calls = models.JSONField(default=dict, db_default={})
    settings = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    deployed_at = models.DateTimeField()
    deployed_by = models.CharField(max_length=200)
    retiring_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key", "version"], name="workflows_definition_key_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


class DefinitionFile(models.Model):
    """One file of a deployed package, byte for byte."""

    definition = models.ForeignKey(
        Definition, on_delete=models.PROTECT, related_name="files", db_index=False
    )
    path = models.CharField(max_length=300)
    content = models.BinaryField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["definition", "path"], name="workflows_definition_file_path"
            ),
        ]

    def __str__(self) -> str:
        return self.path


class VersionChoice(models.Model):
    """The version that new instances of a key follow while newer ones are passed over.

    Without a row they follow the newest. A roll back sets it; deploying what is newer
    than all others ends it.
    """

    key = models.CharField(max_length=100, primary_key=True)
    definition = models.ForeignKey(
        Definition, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reason = models.TextField()
    chosen_by = models.CharField(max_length=200)
    chosen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key}: {self.definition_id}"
