"""Expected paths through all foreign models, written from the models and the standard."""

from __future__ import annotations

from tests.conformance.bpmn.choices import EVENT_BASED, EXCLUSIVE, INCLUSIVE
from tests.conformance.bpmn.path import ACTIVE, Path


def _parallel(file: str, nodes: str, *does: str) -> Path:
    return Path(f"gateway/ParallelGatewayTest.{file}", nodes, does)


def _receive(file: str, nodes: str, *does: str) -> Path:
    return Path(f"receivetask/ReceiveTaskTest.{file}.bpmn20.xml", nodes, does)


def _sequence(file: str, nodes: str, *does: str) -> Path:
    return Path(f"sequenceflow/{file}.bpmn20.xml", nodes, does)


_BOTH = "ParallelGateway_1 Task_1 Task_2 parallelJoinEnd"

# One token from every incoming flow, one on every outgoing flow (13.4.1).
PARALLEL = (
    _parallel("testAsyncParallelGateway.bpmn", f"StartEvent_1 {_BOTH}"),
    _parallel("testCompletingJoin.bpmn", f"StartEvent_1 {_BOTH}"),
    _parallel(
        "testCompletingJoinInSubProcess.bpmn",
        f"StartEvent_2 SubProcess_1 StartEvent_1 {_BOTH}",
    ),
    _parallel(
        "testAsyncParallelGatewayAfterScopeTask.bpmn20.xml",
        "theStart fork scopeTask join theEnd",
        "answer:scopeTask",
    ),
    # The boundary event leads past the join, which then waits in vain.
    Path(
        "gateway/ParallelGatewayTest.testAsyncParallelGatewayAfterScopeTask.bpmn20.xml",
        "theStart fork boundaryTimer theEnd2",
        ("wait:P11D",),
        state=ACTIVE,
    ),
    _parallel("testForkFollowedByOnlyEndEvents.bpmn20.xml", "theStart fork end1 end2"),
    _parallel(
        "testForkJoin.bpmn20.xml",
        "theStart fork receivePayment shipOrder join archiveOrder theEnd",
        "answer:shipOrder",
        "answer:receivePayment",
        "answer:archiveOrder",
    ),
    _parallel(
        "testNestedForkJoin.bpmn20.xml",
        "Start Task_0 Fork_AB Task_A Task_B Fork_B Task_B1 Task_B2 Join_B Join_AB"
        " Task_C End",
        "answer:Task_0",
        "answer:Task_B",
        "answer:Task_B2",
        "answer:Task_A",
        "answer:Task_B1",
        "answer:Task_C",
    ),
    _parallel(
        "testNestedForksFollowedByEndEvents.bpmn20.xml",
        "theStart fork nestedFork1 nestedFork2 end1 end2 end3 end4",
    ),
    _parallel(
        "testParallelGatewayBeforeAndInSubProcess.bpmn",
        "StartEvent_1 ParallelGateway_1 UserTask_1 EndEvent_1 SubProcess_1"
        " StartEvent_2 ParallelGateway_2 UserTask_2 EndEvent_2 UserTask_4 EndEvent_3"
        " EndEvent_4",
        "answer:UserTask_4",
        "answer:UserTask_1",
        "answer:UserTask_2",
    ),
    Path(
        "gateway/ParallelGatewayTest.testReceyclingExecutionWithCallActivity.bpmn20.xml",
        "sid-35AADE87-B4F6-421F-AFE1-BB83F69D4EC9"
        " sid-DA1B0500-1B77-46BE-A118-FF3C4D86D05F"
        " sid-1F49ED80-AAF9-404B-81D7-C861BD4B720F"
        " sid-5063CC5A-B72E-4368-95BE-071F25311520"
        " sid-80012F94-DFDA-40F6-A1DF-B3E4251EED21"
        " sid-B6458A9D-5A31-4D20-AB14-D2B29B984210"
        " sid-DAD8FB0B-6A16-432A-BDF8-8BE6CEADAE85"
        " sid-AC64BD66-A295-4B1D-93F7-AB8F0AE05966"
        " sid-059FA879-226A-46C1-BAA9-82712EC32708",
        (
            "answer:sid-1F49ED80-AAF9-404B-81D7-C861BD4B720F",
            "answer:sid-AC64BD66-A295-4B1D-93F7-AB8F0AE05966",
        ),
        main="parent-process",
    ),
    _parallel("testSplitMergeNoWaitstates.bpmn20.xml", "theStart fork join theEnd"),
    _parallel(
        "testUnbalancedForkJoin.bpmn20.xml",
        "theStart fork task1 task2 task3 firstJoin task4 secondJoin theEnd",
        "answer:task3",
        "answer:task1",
        "answer:task2",
        "answer:task4",
    ),
    _parallel(
        "testUnstructuredConcurrencyTwoForks.bpmn20.xml",
        "theStart fork1 task1 task2 fork2 task3 task4 join theEnd",
    ),
    _parallel(
        "testUnstructuredConcurrencyTwoJoins.bpmn20.xml",
        "theStart fork task1 task2 task3 join1 task4 task5 task6 join2 theEnd",
    ),
)

_NEW, _CANCEL = "message:newInvoiceMessage", "message:cancelInvoiceMessage"

RECEIVE = (
    _receive("singleReceiveTask", "theStart waitState theEnd", _NEW),
    _receive(
        "subProcessReceiveTask",
        "theStart subProcess subStart waitState subEnd theEnd",
        _NEW,
    ),
    _receive("multiParallelReceiveTask", "theStart waitState*3 theEnd", _NEW, _NEW),
    _receive(
        "multiParallelReceiveTaskBoundary", "theStart waitState*3 theEnd", _NEW, _NEW
    ),
    # One of two came; then the boundary event ends the other and the activity.
    _receive(
        "multiParallelReceiveTaskBoundary",
        "theStart waitState cancel invoiceCanceled",
        _NEW,
        _CANCEL,
    ),
    # Nothing throws a compensation, so nothing is compensated (10.7.2).
    _receive(
        "multiParallelReceiveTaskCompensate",
        "theStart waitState*3 interaction theEnd",
        _NEW,
        _NEW,
        "answer:interaction",
    ),
    _receive(
        "multiSequentialReceiveTask",
        "theStart waitState*3 interaction theEnd",
        _NEW,
        _NEW,
        "answer:interaction",
    ),
    _receive(
        "multiSubProcessReceiveTask",
        "theStart subProcess*3 subStart*2 waitState*2 subEnd*2 theEnd",
        _NEW,
        _NEW,
    ),
    _receive(
        "parallelGatewayReceiveTask",
        "theStart fork waitState1 waitState2 join theEnd",
        "message:Message 2",
        "message:Message 1",
    ),
)

# A flow without a condition always takes a token; several are a fork (13.2.1).
SEQUENCE = (
    *(
        _sequence(
            f"SequenceFlowTest.testTakeAllOutgoingFlowsFrom{kind}Task",
            "theStart task1 task2 task3 theEnd*2",
            "answer:task1",
            "answer:task3",
            "answer:task2",
        )
        for kind in ("NonScope", "Scope")
    ),
    _sequence(
        "SequenceFlowTest.testTakeAllOutgoingFlowsFromScopeTask",
        "theStart boundaryTimer theEnd",
        "wait:P11D",
    ),
    _sequence(
        "UncontrolledFlowTest.testSubProcessTwoOutgoingFlowsEndProcess",
        "start subProcess innerStart innerTask innerEnd end1 end2",
        "answer:innerTask",
    ),
    # The event sub-process interrupts; its end is the end of its host (13.5.4).
    _sequence(
        "UncontrolledFlowTest.testSubProcessTwoOutgoingFlowsCorrelateMessage",
        "start subProcess innerStart eventSubProcess eventProcessStart"
        " eventSubProcessTask eventSubProcessEnd outerTask1 outerTask2",
        "message:Message1",
        "answer:eventSubProcessTask",
        "answer:outerTask1",
        "answer:outerTask2",
    ),
    _sequence(
        "UncontrolledFlowTest.testSubProcessTwoOutgoingFlowsCorrelateMessage",
        "start subProcess innerStart innerTask innerEnd outerTask1 outerTask2",
        "answer:innerTask",
        "answer:outerTask2",
        "answer:outerTask1",
    ),
)

MODELS = (*EVENT_BASED, *EXCLUSIVE, *INCLUSIVE, *PARALLEL, *RECEIVE, *SEQUENCE)

_POOL = (
    "Start Event 2;Task 3;Expanded Sub-Process 1;Start Event 3;Task 4;End Event 3;"
    "Task 5;End Event 2;Expanded Sub-Process 2;Start Event 4;Task 6;End Event 4;"
    "End Event 5"
)

# The reference models are drawings; those that could run do, marked executable.
MIWG = (
    Path("A.1.0.bpmn", "Start Event;Task 1;Task 2;Task 3;End Event", names=True),
    Path(
        "A.4.0.bpmn",
        "Start Event 1;Task 1;Task 2;End Event 1",
        main="WFP-6-1",
        names=True,
    ),
    Path("A.4.0.bpmn", _POOL, main="WFP-6-2", names=True),
    Path(
        "A.4.1.bpmn",
        "Start Event 1;Task 1;Task 2;End Event 1",
        main="sid-34746A54-1D7D-46CA-B219-0C4CEAE51170",
        names=True,
    ),
    Path(
        "A.4.1.bpmn",
        _POOL,
        main="sid-54D696FD-DEDC-45F3-99DB-1404DA433FC4",
        names=True,
    ),
)
