"""Which public models are refused at deploy, where and why: parts of the sentences."""

from types import MappingProxyType
from typing import Final

NOT_EXECUTABLE: Final = "No process is executable"
FOREIGN_CODE: Final = "names code of another engine"
NO_HANDLER: Final = "must name its handler"
EMPTY_SCOPE: Final = "There is no start event in this sub-process"
NO_CONDITION: Final = "without a condition; write one"
DOUBLE_EQUALS: Final = "equality is written ="
NO_RACER: Final = "waits for message, timer, signal and conditional"
SECOND_ENTRY: Final = "leads here; no other flow may"
CRON: Final = "is no ISO 8601 repetition"
METHOD_CALL: Final = "which is code of that engine"
GROOVY: Final = "written in groovy; only FEEL"
EVENT_CONDITION: Final = "A flow that leaves an event has no condition"
NO_MESSAGE: Final = "A receive task must name its message"

# By model: the element of each problem, in the order of lines, and its reason.
REFUSED: Final = MappingProxyType({
    "A.1.0": (("WFP-6-", NOT_EXECUTABLE),),
    "A.2.0": (("WFP-6-", NOT_EXECUTABLE),),
    "A.2.1": (("_To9ZoTOCEeSknpIVFCxNIQ", NOT_EXECUTABLE),),
    "A.3.0": (("WFP-6-", NOT_EXECUTABLE),),
    "A.4.0": (("WFP-6-1", NOT_EXECUTABLE),),
    "A.4.1": (("sid-34746A54-1D7D-46CA-B219-0C4CEAE51170", NOT_EXECUTABLE),),
    "B.1.0": (("Process_ba16239e-181e-4b9f-bc5b-0bb2ee973450", NOT_EXECUTABLE),),
    "C.1.0": (
        ("archiveInvoice", FOREIGN_CODE),
        ("archiveInvoice", NO_HANDLER),
    ),
    "C.2.0": (("WFP-Page_1-1", NOT_EXECUTABLE),),
    "C.3.0": (
        ("_cd6f230f-13c3-4027-aa3e-57de601a1ab2", EMPTY_SCOPE),
        ("_b99800c3-c340-460c-a43e-098014a365d0", NO_CONDITION),
        ("_437e5969-1e61-4cb9-aa76-4f8854f32eeb", NO_CONDITION),
        ("_cddf9325-a85b-4347-8c57-8b909fa77ae9", NO_CONDITION),
        ("_be893987-caec-4605-b078-bd96b7cd6c12", DOUBLE_EQUALS),
        ("_cf380e47-1401-4e7e-b710-193b626e49eb", NO_CONDITION),
    ),
    "EventBasedGatewayTest.testConnectedToActivity": (
        ("serviceTask", FOREIGN_CODE),
        ("serviceTask", NO_HANDLER),
        ("serviceTask", NO_RACER),
    ),
    "EventBasedGatewayTest.testEventInvalidSequenceFlow": (
        ("signalEvent", SECOND_ENTRY),
    ),
    "EventBasedGatewayTest.testTimeCycle": (("timerEvent", CRON),),
    "ExclusiveGatewayTest.testInvalidMethodExpression": (
        ("flow2", METHOD_CALL),
        ("flow3", METHOD_CALL),
    ),
    "InclusiveGatewayTest.testInvalidMethodExpression": (
        ("flow2", METHOD_CALL),
        ("flow3", METHOD_CALL),
    ),
    "InclusiveGatewayTest.testLoop": (("A", GROOVY),),
    "InclusiveGatewayTest.testMergingInclusiveGateway": (
        ("theStart", EVENT_CONDITION),
    ),
    "InclusiveGatewayTest.testMergingInclusiveGatewayAsync": (
        ("theStart", EVENT_CONDITION),
    ),
    "InclusiveGatewayTest.testPartialMergingInclusiveGateway": (
        ("theStart", EVENT_CONDITION),
    ),
    "ParallelGatewayTest.testExplicitParallelGatewayAfterSignalBehavior": (
        ("service", FOREIGN_CODE),
        ("service", NO_HANDLER),
    ),
    "ParallelGatewayTest.testImplicitParallelGatewayAfterSignalBehavior": (
        ("service", FOREIGN_CODE),
        ("service", NO_HANDLER),
    ),
    "ReceiveTaskTest.simpleReceiveTask": (("waitState", NO_MESSAGE),),
    "ReceiveTaskTest.testWaitStateBehavior": (("waitState", NO_MESSAGE),),
    "ConditionalScriptSequenceFlowTest.testScriptExpression": (
        ("flow1", GROOVY),
        ("flow2", GROOVY),
    ),
    "ConditionalScriptSequenceFlowTest.testScriptExpressionWithNonBooleanResult": (
        ("flow1", GROOVY),
        ("flow2", GROOVY),
    ),
    "ConditionalScriptSequenceFlowTest.testScriptResourceExpression": (
        ("flow1", GROOVY),
        ("flow2", GROOVY),
    ),
    "ConditionalSequenceFlowTest.testNoExpressionTrueThrowsException": (
        ("theStart", EVENT_CONDITION),
    ),
    "ConditionalSequenceFlowTest.testUelExpression": (("theStart", EVENT_CONDITION),),
    "ConditionalSequenceFlowTest.testValueAndMethodExpression": (
        ("flow3", METHOD_CALL),
    ),
    "DefaultSequenceFlowTest.testDefaultSequenceFlowOnTask": (
        ("task1", NO_MESSAGE),
        ("task2", NO_MESSAGE),
        ("task3", NO_MESSAGE),
    ),
})
