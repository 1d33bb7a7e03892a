"""Expected paths through models of event-based, exclusive and inclusive gateways."""

from __future__ import annotations

from tests.conformance.bpmn.path import ACTIVE, Path


def _event_based(file: str, *does: str, nodes: str) -> Path:
    return Path(f"gateway/EventBasedGatewayTest.{file}.bpmn20.xml", nodes, does)


def _exclusive(file: str, nodes: str, *does: str, **start: object) -> Path:
    name = f"gateway/ExclusiveGatewayTest.{file}.bpmn20.xml"
    return Path(name, f"theStart exclusiveGw {nodes}", does, start)


def _inclusive(file: str, nodes: str, *does: str, **start: object) -> Path:
    return Path(f"gateway/InclusiveGatewayTest.{file}.bpmn20.xml", nodes, does, start)


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
