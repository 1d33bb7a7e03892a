"""By which values of their variables instances are found. What is kept: core/searching.py."""

from django.db import models


class SearchValue(models.Model):
    """One declared variable of one instance, as it is compared.

    `text` is folded, `number` and `moment` are those of variables declared so. Personal
    values are never among them: a package that declares one is refused.
    """

    instance_id = models.UUIDField()
    name = models.CharField(max_length=100)
    text = models.CharField(max_length=200, default="")
    number = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    moment = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instance_id", "name"], name="workflows_searchvalue_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["name", "text"],
                opclasses=["varchar_ops", "varchar_pattern_ops"],
                condition=~models.Q(text=""),
                name="workflows_searchvalue_text",
            ),
            models.Index(
                fields=["name", "number"],
                condition=models.Q(number__isnull=False),
                name="workflows_searchvalue_number",
            ),
            models.Index(
                fields=["name", "moment"],
                condition=models.Q(moment__isnull=False),
                name="workflows_searchvalue_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.instance_id}"
