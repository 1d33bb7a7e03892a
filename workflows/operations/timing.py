"""Save working copies, and tell who keeps clocks of instances that begin and end.

Free where no process of the batch has a goal: one attribute of each plan is read.
"""

from collections.abc import Sequence

from workflows import store
from workflows.core.engine.run import Run
from workflows.kinds import TimedInstance, instance_clocks


def save_runs(runs: Sequence[Run]) -> store.Saved:
    """Write what changed as `store.save_runs` does, with the clocks of instances."""
    timed = [run for run in runs if run.plan.goal]
    clocks = instance_clocks() if timed else None
    if clocks is None:
        return store.save_runs(runs)
    begun = [run for run in timed if run.instance.new and not run.instance.ended_at]
    ended = [
        run
        for run in timed
        if run.instance.ended_at and not run.instance.new and run.changes.drafts
    ]
    if not begun and not ended:
        return store.save_runs(runs)
    now = timed[0].now
    turns = clocks.plan_many(
        begun=[_timed(run) for run in begun],
        ended=[_timed(run) for run in ended],
        now=now,
    )
    by_id = {run.instance.id: run for run in timed}
    for turn in turns:
        by_id[turn.instance_id].add(turn.drafts)
    saved = store.save_runs(runs)
    clocks.write_many(turns=turns, audit_seqs=saved.instance_seqs, now=now)
    return saved


def _timed(run: Run) -> TimedInstance:
    return TimedInstance(
        instance_id=run.instance.id,
        words=run.plan.process.properties,
        occurred_at=run.occurred_at,
    )
