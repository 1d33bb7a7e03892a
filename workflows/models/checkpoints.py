"""The Merkle tree over all audit entries and its signed heads. INSERT only."""

from django.db import models


class Leaf(models.Model):
    """The place of one audit entry in the tree, counted from 0 without a gap.

    The primary key is the fence between sealers: two that chose the same places
    cannot both commit. `leaf_hash` is SHA-256 over a zero byte and the entry.
    """

    leaf_index = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    leaf_hash = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(leaf_index__gte=0),
                name="workflows_leaf_index_from_0",
            ),
        ]

    def __str__(self) -> str:
        return f"leaf {self.leaf_index}"


class Subtree(models.Model):
    """The hash over 256 leaves, 65,536 leaves and so on: proofs need not read all.

    It covers the 256**n = 2**level leaves from `position` * 2**level on.
    """

    level = models.SmallIntegerField()
    position = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["level", "position"], name="workflows_subtree_place"
            ),
        ]

    def __str__(self) -> str:
        return f"subtree {self.level}/{self.position}"


class Checkpoint(models.Model):
    """A signed statement of how large the tree was and what its root was.

    `note` is the C2SP signed note, byte for byte as it was given out; `edge` holds
    the tree's right edge, from which the next checkpoint goes on.
    """

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField()
    edge = models.BinaryField()
    note = models.TextField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint of {self.size} entries"
