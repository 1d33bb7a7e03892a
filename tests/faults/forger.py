"""Who owns the database, and perhaps the key: ways to change a log unseen. No tests."""

# ruff: noqa: S608  (what is put together is named in this file)
from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.db import connection

from workflows.core.canonical import dumps
from workflows.core.chain import GENESIS
from workflows.core.merkle import Frontier, leaf_hash
from workflows.core.notes import Checkpoint
from workflows.operations.log_key import LogKey

COLUMNS: Final = {
    "workflows_auditentry": {
        "id": "id + 1000000",
        "chain": "gen_random_uuid()",
        "seq": "seq + 1000",
        "kind": "kind || 'x'",
        "actor": "actor || 'x'",
        "at": "at + interval '1 second'",
        "occurred_at": "COALESCE(occurred_at, at) + interval '1 second'",
        "step_id": "COALESCE(step_id, 0) + 1",
        "entry": "regexp_replace(entry, '\"v\":1', '\"v\":2')",
        "hash": "sha256(hash)",
    },
    "workflows_leaf": {
        "leaf_index": "leaf_index + 1000000",
        "entry_id": "entry_id + 1000000",
        "leaf_hash": "sha256(leaf_hash)",
    },
    "workflows_subtree": {
        "level": "level + 8",
        "position": "position + 1",
        "hash": "sha256(hash)",
    },
    "workflows_checkpoint": {
        "size": "size + 1",
        "root": "sha256(root)",
        "edge": "sha256(edge)",
        "note": "replace(note, E'\\n', E'\\n ')",
    },
    "workflows_auditchain": {"seq": "seq + 1", "head": "sha256(head)"},
    "workflows_instance": {
        "audit_seq": "audit_seq + 1",
        "audit_head": "sha256(audit_head)",
    },
}
"""Each column that says something, and how it is changed."""


class Forger:
    """Changes what is older than the anchor; `told` is what the last change was."""

    def __init__(
        self, pick: random.Random, *, anchored: int, key: LogKey | None
    ) -> None:
        self._pick = pick
        self._anchored = anchored
        self._key = key
        self.told = ""

    def kinds(self) -> list[tuple[str, Callable[[], None]]]:
        """Return every way to change the log, by name."""
        flips = [
            (f"{table.removeprefix('workflows_')}.{column}", self._flip(table, column))
            for table, columns in COLUMNS.items()
            for column in columns
        ]
        forged = [
            (f"forged: {name}", self._forge(change, signs=signs))
            for change in (self._rewrite, self._remove, self._slip_in, self._cut)
            for signs in (False, True)
            for name in [f"{change.__name__[1:]}{', signed anew' if signs else ''}"]
        ]
        return [
            *flips,
            ("deleted", self._delete_entry),
            ("deleted, leaf too", self._delete_with_leaf),
            ("inserted", self._insert_entry),
            ("swapped texts", self._swap),
            ("swapped places", self._swap_leaves),
            ("tail cut", self._cut_tail),
            ("case removed", self._remove_case),
            *forged,
        ]

    # --- plain changes --------------------------------------------------------------

    def _flip(self, table: str, column: str) -> Callable[[], None]:
        where = {
            "workflows_auditentry": "id",
            "workflows_leaf": "leaf_index",
            "workflows_subtree": "position",
            "workflows_checkpoint": "size",
        }.get(table, "id")
        among = {
            "workflows_auditentry": (
                "SELECT entry_id FROM workflows_leaf WHERE leaf_index < %(anchored)s"
            ),
            "workflows_leaf": (
                "SELECT leaf_index FROM workflows_leaf WHERE leaf_index < %(anchored)s"
            ),
            "workflows_checkpoint": (
                "SELECT size FROM workflows_checkpoint WHERE size <= %(anchored)s"
            ),
        }.get(table, f"SELECT {where} FROM {table}")

        def act() -> None:
            rows = self._query(among + " ORDER BY 1", anchored=self._anchored)
            row = self._pick.choice(rows)[0]
            self.told = f"{table} {row}"
            expression = COLUMNS[table][column]
            self._run(
                f"UPDATE {table} SET {column} = {expression} WHERE {where} = %(row)s",
                row=row,
            )

        return act

    def _some_entry(self) -> int:
        index = self._pick.randrange(self._anchored)
        ((entry,),) = self._query(
            "SELECT entry_id FROM workflows_leaf WHERE leaf_index = %(i)s", i=index
        )
        self.told = f"entry {entry}, leaf {index}"
        return int(entry)

    def _delete_entry(self) -> None:
        self._run(
            "DELETE FROM workflows_auditentry WHERE id = %(id)s", id=self._some_entry()
        )

    def _delete_with_leaf(self) -> None:
        entry = self._some_entry()
        self._run("DELETE FROM workflows_leaf WHERE entry_id = %(id)s", id=entry)
        self._run("DELETE FROM workflows_auditentry WHERE id = %(id)s", id=entry)

    def _insert_entry(self) -> None:
        """Slip a copy in behind the end of its chain, with a leaf at the end."""
        self._run(
            "INSERT INTO workflows_auditentry (chain, seq, kind, actor, at, occurred_at,"
            " step_id, entry, hash) SELECT chain, (SELECT max(seq) + 1 FROM"
            " workflows_auditentry n WHERE n.chain = e.chain), kind, actor, at,"
            " occurred_at, step_id, entry, hash FROM workflows_auditentry e"
            " WHERE id = %(id)s",
            id=self._some_entry(),
        )

    def _swap(self) -> None:
        first, second = self._some_entry(), self._some_entry()
        if first == second:
            second = first - 1 if first > 1 else first + 1
        self._run(
            "UPDATE workflows_auditentry a SET entry = b.entry, hash = b.hash,"
            " kind = b.kind, actor = b.actor FROM workflows_auditentry b"
            " WHERE (a.id, b.id) IN ((%(a)s, %(b)s), (%(b)s, %(a)s))",
            a=first,
            b=second,
        )

    def _swap_leaves(self) -> None:
        at = self._pick.randrange(self._anchored - 1)
        self.told = f"leaves {at} and {at + 1}"
        rows = self._query(
            "SELECT leaf_index, entry_id, leaf_hash FROM workflows_leaf"
            " WHERE leaf_index IN (%(a)s, %(b)s) ORDER BY 1",
            a=at,
            b=at + 1,
        )
        self._run(
            "DELETE FROM workflows_leaf WHERE leaf_index IN (%(a)s, %(b)s)",
            a=at,
            b=at + 1,
        )
        for (index, _, _), (_, entry, digest) in zip(rows, rows[::-1], strict=True):
            self._run(
                "INSERT INTO workflows_leaf VALUES (%(i)s, %(e)s, %(h)s)",
                i=index,
                e=entry,
                h=digest,
            )

    def _cut_tail(self) -> None:
        """Take everything away from some leaf on, checkpoints and all."""
        size = self._pick.randrange(self._anchored)
        self.told = f"cut to {size}"
        self._run(
            "DELETE FROM workflows_auditentry WHERE id IN (SELECT entry_id"
            " FROM workflows_leaf WHERE leaf_index >= %(s)s)",
            s=size,
        )
        self._run("DELETE FROM workflows_leaf WHERE leaf_index >= %(s)s", s=size)
        self._run("DELETE FROM workflows_checkpoint WHERE size > %(s)s", s=size)
        self._run(
            "DELETE FROM workflows_subtree WHERE (position + 1) * 256 > %(s)s", s=size
        )
        self._mend_heads()

    def _remove_case(self) -> None:
        rows = self._query("SELECT id FROM workflows_instance ORDER BY id")
        case = self._pick.choice(rows)[0]
        self.told = f"case {case}"
        self._run("DELETE FROM workflows_instance WHERE id = %(id)s", id=case)
        self._run("DELETE FROM workflows_auditentry WHERE chain = %(id)s", id=case)

    # --- changes with everything mended after them ------------------------------------

    def _forge(
        self, change: Callable[[list[dict[str, Any]]], None], *, signs: bool
    ) -> Callable[[], None]:
        """Change the log as a list of entries and write all of it anew, consistently."""

        def act() -> None:
            entries = [
                {"chain": chain, "fields": json.loads(entry)}
                for chain, entry in self._query(
                    "SELECT e.chain, e.entry FROM workflows_leaf l"
                    " JOIN workflows_auditentry e ON e.id = l.entry_id"
                    " ORDER BY l.leaf_index"
                )
            ]
            change(entries)
            self._write_anew(entries, signs=signs)

        return act

    def _rewrite(self, entries: list[dict[str, Any]]) -> None:
        at = self._pick.randrange(self._anchored)
        entries[at]["fields"]["detail"] = {"forged": True}
        self.told = f"rewritten at {at}"

    def _remove(self, entries: list[dict[str, Any]]) -> None:
        at = self._pick.randrange(self._anchored)
        del entries[at]
        self.told = f"removed at {at}"

    def _slip_in(self, entries: list[dict[str, Any]]) -> None:
        at = self._pick.randrange(self._anchored)
        entries.insert(at + 1, json.loads(json.dumps(entries[at], default=str)))
        entries[at + 1]["chain"] = UUID(str(entries[at]["chain"]))
        self.told = f"slipped in at {at}"

    def _cut(self, entries: list[dict[str, Any]]) -> None:
        at = self._pick.randrange(1, self._anchored)
        del entries[at:]
        self.told = f"cut to {at}"

    def _write_anew(self, entries: list[dict[str, Any]], *, signs: bool) -> None:
        checkpoints = self._query(
            "SELECT size, note, made_at FROM workflows_checkpoint ORDER BY size"
        )
        ((first,),) = self._query("SELECT min(at) FROM workflows_auditentry")
        for table in ("auditentry", "leaf", "subtree", "checkpoint"):
            self._run(f"DELETE FROM workflows_{table}")
        frontier, ends = Frontier(), dict[UUID, tuple[int, bytes]]()
        sizes = {size: (note, made_at) for size, note, made_at in checkpoints}
        for one in entries:
            seq, last = ends.get(one["chain"], (0, GENESIS))
            text = dumps({**one["fields"], "seq": seq + 1, "prev": last.hex()})
            ends[one["chain"]] = (seq + 1, self._insert(one, text, seq + 1, first))
            self._place(frontier, text)
            if frontier.size in sizes:
                self._state(frontier, *sizes[frontier.size], signs=signs)
        if signs and frontier.size not in sizes:
            note, made_at = sizes[max(sizes)]
            self._state(frontier, note, made_at, signs=True)
        self._mend_heads()

    def _insert(self, one: dict[str, Any], text: str, seq: int, at: Any) -> bytes:
        fields = one["fields"]
        ((digest,),) = self._query(
            "INSERT INTO workflows_auditentry (chain, seq, kind, actor, at, occurred_at,"
            " step_id, entry, hash) VALUES (%(chain)s, %(seq)s, %(kind)s, %(actor)s,"
            " %(at)s, NULL, %(step)s, %(entry)s, sha256(convert_to(%(entry)s, 'UTF8')))"
            " RETURNING hash",
            chain=one["chain"],
            seq=seq,
            kind=fields["kind"],
            actor=fields["actor"],
            at=at,
            step=fields.get("step"),
            entry=text,
        )
        return bytes(digest)

    def _place(self, frontier: Frontier, text: str) -> None:
        leaf = leaf_hash(text.encode())
        self._run(
            "INSERT INTO workflows_leaf VALUES (%(i)s,"
            " currval(pg_get_serial_sequence('workflows_auditentry', 'id')), %(h)s)",
            i=frontier.size,
            h=leaf,
        )
        frontier.append(leaf)
        for part in frontier.finished:
            self._run(
                "INSERT INTO workflows_subtree (level, position, hash)"
                " VALUES (%(l)s, %(p)s, %(h)s)",
                l=part.level,
                p=part.position,
                h=part.hash,
            )
        frontier.finished.clear()

    def _state(
        self, frontier: Frontier, note: str, made_at: Any, *, signs: bool
    ) -> None:
        """Write a checkpoint of the forged tree: with the old signature, or a new one."""
        origin = note.partition("\n")[0]
        checkpoint = Checkpoint(origin, frontier.size, frontier.root())
        if signs and self._key is not None:
            note = self._key.sign(checkpoint)
        else:
            root = base64.b64encode(frontier.root()).decode()
            signatures = note.partition("\n\n")[2]
            note = f"{origin}\n{frontier.size}\n{root}\n\n{signatures}"
        self._run(
            "INSERT INTO workflows_checkpoint (size, root, edge, note, made_at)"
            " VALUES (%(s)s, %(r)s, %(e)s, %(n)s, %(m)s)",
            s=frontier.size,
            r=frontier.root(),
            e=frontier.to_bytes(),
            n=note,
            m=made_at,
        )

    def _mend_heads(self) -> None:
        """Let every case and the installation end with what is there now."""
        ends = (
            "(SELECT DISTINCT ON (chain) chain, seq, hash FROM workflows_auditentry"
            " ORDER BY chain, seq DESC) n"
        )
        self._run(
            "UPDATE workflows_instance i SET audit_seq = n.seq, audit_head = n.hash"
            f" FROM {ends} WHERE n.chain = i.id"
        )
        self._run(
            "UPDATE workflows_auditchain c SET seq = n.seq, head = n.hash"
            f" FROM {ends} WHERE n.chain = c.id"
        )
        for table in ("workflows_instance", "workflows_auditchain"):
            self._run(
                f"DELETE FROM {table} WHERE id NOT IN"
                " (SELECT chain FROM workflows_auditentry)"
            )

    # --- the database -----------------------------------------------------------------

    def _run(self, sql: str, **values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values or None)

    def _query(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())
