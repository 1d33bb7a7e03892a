"""Every table of ours is guarded by triggers, or somebody wrote down why it is not."""

from __future__ import annotations

from workflows.operations.guards import list_tables, read_guards, read_unguarded


def test_every_table_has_a_class() -> None:
    guarded, unguarded = read_guards().classes, read_unguarded()
    tables = set(list_tables())
    assert {"workflows_instance", "review_task", "review_person"} <= guarded.keys()
    assert tables - guarded.keys() - unguarded.keys() == set()
    # And none is in both, or is gone.
    assert read_guards().tables & unguarded.keys() == set()
    assert unguarded.keys() - tables == set()
    assert all(len(reason) > 10 for reason in unguarded.values())


def test_tables_of_state_have_guards_for_every_way_to_change_them() -> None:
    guards = read_guards()
    for table, kinds in guards.classes.items():
        names = {name for place, name in guards.triggers if place == table}
        if "secret" in kinds:
            wanted = {f"{table}_{event}_guarded" for event in ("update", "delete")}
        elif "append-only" in kinds:
            wanted = {f"{table}_rows_stay"}
        else:
            ending = "entry" if "audited" in kinds else "notice"
            events = {"insert", "update", "delete"}
            # A chain begins empty, and its first entry is an update of it.
            events -= {"insert"} if table == "workflows_auditchain" else set()
            wanted = {f"{table}_{event}_needs_{ending}" for event in events}
        if kinds & {"audited", "append-only", "secret"}:
            wanted |= {f"{table}_table_stays"}
        assert wanted <= names, table
