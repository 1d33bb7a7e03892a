"""Expected paths of the foreign models, written from the models and the standard.

Nothing here was copied from what the engine does. `nodes` are the ids (or, where ids
are hashes, the names) that must have completed, `*3` three times; an activity that
repeats counts once for each round and once for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ACTIVE, COMPLETED = "ACTIVE", "COMPLETED"


@dataclass(frozen=True, slots=True)
class Path:
    """One way through one model.

    `does` are the acts in order (see `follow`); `also` are files with processes that
    this one calls; `main` names the process where the file has several; `names` says
    that `nodes` are names of nodes, not ids.
    """

    file: str
    nodes: str
    does: tuple[str, ...] = ()
    start: Mapping[str, object] = field(default_factory=dict)
    state: str = COMPLETED
    incident: str = ""
    also: tuple[str, ...] = ()
    main: str = ""
    names: bool = False


def _event_based(file: str, *does: str, nodes: str) -> Path:
    return Path(f"gateway/EventBasedGatewayTest.{file}.bpmn20.xml", nodes, does)


def _exclusive(file: str, nodes: str, *does: str, **start: object) -> Path:
    name = f"gateway/ExclusiveGatewayTest.{file}.bpmn20.xml"
    return Path(name, f"theStart exclusiveGw {nodes}", does, start)


def _inclusive(file: str, nodes: str, *does: str, **start: object) -> Path:
    return Path(f"gateway/InclusiveGatewayTest.{file}.bpmn20.xml", nodes, does, start)


def _parallel(file: str, nodes: str, *does: str) -> Path:
    return Path(f"gateway/ParallelGatewayTest.{file}", nodes, does)


def _receive(file: str, nodes: str, *does: str) -> Path:
    return Path(f"receivetask/ReceiveTaskTest.{file}.bpmn20.xml", nodes, does)


def _sequence(file: str, nodes: str, *does: str) -> Path:
    return Path(f"sequenceflow/{file}.bpmn20.xml", nodes, does)


# The first event that comes decides; the others are no longer waited for (10.6.6).
EVENT_BASED = (
    _event_based(
        "testCatchAlertAndTimer",
        "signal:alert",
        "answer:task2",
        nodes="start gw1 signalEvent task2 end",
    ),
    _event_based(
        "testCatchAlertAndTimer",
        "wait:PT1S",
        "signal:alert",
        "answer:task1",
        nodes="start gw1 timerEvent task1 end",
    ),
    _event_based(
        "testCatchSignalAndMessageAndTimer",
        "message:newInvoice",
        "signal:alert",
        "answer:task3",
        nodes="start gw1 messageEvent task3 end",
    ),
    _event_based(
        "testCatchSignalAndMessageAndTimer",
        "signal:alert",
        "answer:task2",
        nodes="start gw1 signalEvent task2 end",
    ),
    _event_based(
        "testCatchSignalAndMessageAndTimer",
        "wait:PT1S",
        "answer:task1",
        nodes="start gw1 timerEvent task1 end",
    ),
    _event_based("throwAlertSignal", nodes="start signalEvent end"),
)

_LOOP = (
    "StartEvent_1 ScriptTask_1 ExclusiveGateway_1*{0} ManualTask_1*{0}"
    " ExclusiveGateway_2*{0} EndEvent_1"
)
_FOUR_EYES = {"basic": False, "standard": True, "gold": False}
_ORDERS = [{"price": 1}, {"price": 150}, {"price": 999}]

# The first flow whose condition holds, else the default; none is an error (13.4.2).
EXCLUSIVE = (
    # The counter goes 1, 2, 3 (back each time) and 4.
    Path(
        "gateway/ExclusiveGatewayTest.testBigLoop.bpmn",
        _LOOP.format(4),
        start={"numOfIterations": 3},
    ),
    Path(
        "gateway/ExclusiveGatewayTest.testLoopWithManyIterations.bpmn",
        _LOOP.format(401),
        start={"numOfIterations": 400},
    ),
    _exclusive(
        "testDecideBasedOnBeanMethod",
        "standardService",
        "answer:standardService",
        order=_FOUR_EYES,
    ),
    _exclusive(
        "testDecideBasedOnBeanProperty",
        "basicService",
        "answer:basicService",
        order={"price": 100},
    ),
    _exclusive(
        "testDecideBasedOnBeanProperty",
        "goldMemberService",
        "answer:goldMemberService",
        order={"price": 250},
    ),
    _exclusive(
        "testDecideBasedOnListOrArrayOfBeans",
        "standardService",
        "answer:standardService",
        orders=_ORDERS,
    ),
    *(
        _exclusive(file, f"theTask{number} theEnd", f"answer:theTask{number}", input=at)
        for file, number, at in (
            ("testDecisionFunctionality", 1, 1),
            ("testDecisionFunctionality", 2, 2),
            ("testDecisionFunctionality", 3, 3),
            ("testDefaultSequenceFlow", 1, 1),
            ("testDefaultSequenceFlow", 3, 3),
            ("testDefaultSequenceFlow", 2, 5),
            ("testDivergingExclusiveGateway", 2, 2),
            ("testMultipleValidConditions", 2, 5),
            ("testNoIdOnSequenceFlow", 1, 1),
            ("testNoIdOnSequenceFlow", 2, 2),
            ("testWhitespaceInExpression", 1, 1),
        )
    ),
    # Three flows leave the start and are not joined: three tokens (13.2.1).
    Path(
        "gateway/ExclusiveGatewayTest.testMergingExclusiveGateway.bpmn20.xml",
        "theStart exclusiveGw*3 theTask*3 theEnd*3",
        ("answer:theTask",) * 3,
    ),
    Path(
        "gateway/ExclusiveGatewayTest.testNoSequenceFlowSelected.bpmn20.xml",
        "theStart",
        start={"input": 4},
        state=ACTIVE,
        incident="NO_FLOW",
    ),
)

_SERVICES = "theStart inclusiveGw standardService goldMemberService"
_ANSWERED = ("answer:standardService", "answer:goldMemberService")
_ALL = "theStart inclusiveGw theTask1 theTask2 theTask3 theEnd*3"
_ANSWER_ALL = ("answer:theTask3", "answer:theTask1", "answer:theTask2")
_RACE = "theStart split theTask eventBasedGateway {} join taskAfterJoin theEnd"
_INNER = (
    "theStart subprocess innerStart split theTask eventBasedGateway {} join"
    " taskAfterJoin innerEnd theEnd"
)
_CONTAINED = (
    "theStart split theTask subprocess innerStart eventBasedGateway {} innerEnd join"
    " taskAfterJoin theEnd"
)
_ROUNDS = (
    "theStart inclusiveFork task subprocess*3 innerStart*2 innerTask*2 innerEnd*2"
    " inclusiveJoin taskAfterJoin theEnd"
)

# Every flow that holds; joined when nobody can come any more (13.4.3).
INCLUSIVE = (
    *(
        Path(
            f"gateway/InclusiveGatewayTest.AsyncConcurrentExecutions.{name}.bpmn",
            "StartEvent_1 Gateway_1 GatewayJoin_1 Gateway_2 GatewayJoin_2 EndEvent_1",
        )
        for name in ("ParallelGateway", "ParallelInclusiveGateway")
    ),
    _inclusive(
        "testDecideBasedOnBeanMethod",
        "theStart inclusiveGw basicService goldMemberService",
        "answer:goldMemberService",
        "answer:basicService",
        order={"basic": True, "standard": False, "gold": True},
    ),
    _inclusive(
        "testDecideBasedOnBeanProperty", _SERVICES, *_ANSWERED, order={"price": 150}
    ),
    _inclusive(
        "testDecideBasedOnListOrArrayOfBeans", _SERVICES, *_ANSWERED, orders=_ORDERS
    ),
    _inclusive("testDecisionFunctionality", _ALL, *_ANSWER_ALL, input=1),
    _inclusive(
        "testDecisionFunctionality",
        "theStart inclusiveGw theTask3 theEnd",
        "answer:theTask3",
        input=3,
    ),
    _inclusive("testDivergingInclusiveGateway", _ALL, *_ANSWER_ALL, input=1),
    _inclusive(
        "testDefaultSequenceFlow",
        "theStart inclusiveGw theTask1 theTask3 theEnd*2",
        "answer:theTask3",
        "answer:theTask1",
        input=1,
    ),
    _inclusive(
        "testDefaultSequenceFlow",
        "theStart inclusiveGw theTask2 theEnd",
        "answer:theTask2",
        input=5,
    ),
    Path(
        "gateway/InclusiveGatewayTest.testJoinAfterCall.bpmn20.xml",
        "startevent1*2 inclusivegateway1 taskA taskB taskC callActivity"
        " inclusivegateway2 taskD endevent1*2",
        ("answer:taskB", "answer:taskA", "answer:taskC", "answer:taskD"),
        also=("gateway/InclusiveGatewayTest.testJoinAfterCallSubProcess.bpmn20.xml",),
    ),
    _inclusive(
        "testJoinAfterCallSubProcess", "startevent1 taskC endevent1", "answer:taskC"
    ),
    _inclusive(
        "testJoinAfterEventBasedGateway",
        _RACE.format("catch1 exclusiveGateway"),
        "answer:theTask",
        "message:foo",
        "answer:taskAfterJoin",
    ),
    _inclusive(
        "testJoinAfterEventBasedGateway",
        _RACE.format("catch2 exclusiveGateway"),
        "message:bar",
        "answer:theTask",
        "answer:taskAfterJoin",
    ),
    _inclusive(
        "testJoinAfterEventBasedGatewayInSubProcess",
        _INNER.format("catch1 exclusiveGateway"),
        "message:foo",
        "answer:theTask",
        "answer:taskAfterJoin",
    ),
    _inclusive(
        "testJoinAfterEventBasedGatewayContainedInSubProcess",
        _CONTAINED.format("catch2 exclusiveGateway"),
        "answer:theTask",
        "message:bar",
        "answer:taskAfterJoin",
    ),
    _inclusive(
        "testJoinAfterNestedScopes",
        "theStart inclusiveFork task subprocess innerStart innersubprocess"
        " innersubprocessStart innersubprocessTask innersubprocessEnd inclusiveJoin"
        " taskAfterJoin theEnd",
        "answer:task",
        "answer:innersubprocessTask",
        "answer:taskAfterJoin",
    ),
    *(
        _inclusive(
            f"testJoinAfter{kind}MultiInstanceSubProcess",
            _ROUNDS,
            "answer:innerTask",
            "answer:task",
            "answer:innerTask",
            "answer:taskAfterJoin",
        )
        # Both files say parallel, whatever their names say.
        for kind in ("Parallel", "Sequential")
    ),
    _inclusive(
        "testJoinAfterSubprocesses",
        "startevent1 inclusivegateway1 subprocess1 startevent2 usertask1 endevent1"
        " subprocess2 startevent3 usertask2 endevent2 inclusivegateway2 usertask3"
        " endevent3",
        "answer:usertask2",
        "answer:usertask1",
        "answer:usertask3",
        a=1,
        b=1,
    ),
    _inclusive(
        "testJoinAfterSubprocesses",
        "startevent1 inclusivegateway1 subprocess1 startevent2 usertask1 endevent1"
        " inclusivegateway2 usertask3 endevent3",
        "answer:usertask1",
        "answer:usertask3",
        a=1,
        b=2,
    ),
    # Its last gateway always sends a token back: one round, then both tasks again.
    Path(
        "gateway/InclusiveGatewayTest.testLoopingInclusiveGateways.bpmn",
        "StartEvent_1 inclusiveGw1*2 inclusiveGw2*2 task1 task2 inclusiveGw3"
        " inclusiveGw4 inclusiveGw5 EndEvent_1nf901q",
        ("answer:task1", "answer:task2"),
        state=ACTIVE,
    ),
    _inclusive(
        "testNoIdOnSequenceFlow",
        "theStart inclusiveGw theTask1 theTask2 theEnd*2",
        "answer:theTask1",
        "answer:theTask2",
        input=1,
    ),
    _inclusive(
        "testNoIdOnSequenceFlow",
        "theStart inclusiveGw theTask2 theEnd",
        "answer:theTask2",
        input=2,
    ),
    Path(
        "gateway/InclusiveGatewayTest.testNoSequenceFlowSelected.bpmn20.xml",
        "theStart",
        start={"input": 4},
        state=ACTIVE,
        incident="NO_FLOW",
    ),
    _inclusive(
        "testParentActivationOnNonJoiningEnd",
        "start ParallelGateway_1 first_check first_check_2 second_check second_check_2"
        " EndEvent_1 EndEvent_2",
        "answer:first_check",
        "answer:second_check",
        "answer:first_check_2",
        "answer:second_check_2",
    ),
    _inclusive(
        "testSplitMergeSplit",
        "theStart splittingInclusiveGw theTask1 theTask2 mergingInclusiveGw theTask3"
        " theEnd",
        "answer:theTask2",
        "answer:theTask1",
        "answer:theTask3",
        input=1,
    ),
    _inclusive(
        "testSplitMergeSplit",
        "theStart splittingInclusiveGw theTask2 mergingInclusiveGw theTask3 theEnd",
        "answer:theTask2",
        "answer:theTask3",
        input=2,
    ),
    _inclusive(
        "testWhitespaceInExpression",
        "theStart inclusiveGw theTask1 theEnd",
        "answer:theTask1",
        input=1,
    ),
)

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
