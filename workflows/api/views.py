"""The addresses of the API: one domain call each."""

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    parser_classes,
    permission_classes,
    renderer_classes,
)
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from workflows import holding
from workflows.api.authentication import TokenAuthentication, get_actor
from workflows.api.exact import ExactJSONParser, ExactJSONRenderer
from workflows.api.payloads import (
    InstanceBody,
    ProblemBody,
    StartedBody,
    StartPayload,
    StepsBody,
)
from workflows.api.problems import Unmet
from workflows.api.reading import get_instance, list_steps
from workflows.core.actors import Actor
from workflows.core.states import InstanceState
from workflows.models import Definition
from workflows.operations import definitions, instances
from workflows.operations.answers import Answer, answer_once
from workflows.operations.errors import Invalid, NotFound
from workflows.schemas import Mismatch, list_mismatches

_PROBLEM = OpenApiResponse(ProblemBody, description="What is wrong, and where.")
_ID = OpenApiParameter("instance_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
_PAGE = 100
_MAX_PAGE = 500


@extend_schema(
    operation_id="startInstance",
    summary="Start an instance",
    tags=["instances"],
    request=StartPayload,
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description=(
                "A new name for each case, such as a UUID. The same key and body get"
                " the same answer again and start nothing."
            ),
        )
    ],
    responses={
        201: StartedBody,
        202: StartedBody,
        400: _PROBLEM,
        401: _PROBLEM,
        404: _PROBLEM,
        409: _PROBLEM,
        413: _PROBLEM,
        422: _PROBLEM,
    },
)
@api_view(["POST"])
@authentication_classes([TokenAuthentication])
@permission_classes([IsAuthenticated])
@parser_classes([ExactJSONParser])
@renderer_classes([ExactJSONRenderer])
def start_instance(request: Request) -> Response:
    """Start an instance of a deployed definition; workers take it from there."""
    payload = StartPayload(data=request.data)
    payload.is_valid(raise_exception=True)
    # What was sent, not the serializer's copy: its fields would turn numbers to text.
    sent = cast("dict[str, Any]", request.data)
    wish = {"version": "", "business_key": "", "variables": {}, **sent}
    actor = get_actor(request)
    key = request.headers.get("Idempotency-Key")
    if key is None:
        answer = _start(wish, actor=actor)
    else:
        answer = answer_once(
            actor=actor,
            key=key,
            request={"path": request.path, "body": wish},
            act=lambda: _start(wish, actor=actor),
        )
    headers = {"Location": answer.body["url"]}
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, status=answer.status, headers=headers)


@extend_schema(
    operation_id="getInstance",
    summary="Read an instance",
    tags=["instances"],
    parameters=[_ID],
    responses={200: InstanceBody, 401: _PROBLEM, 404: _PROBLEM},
)
@api_view(["GET"])
@authentication_classes([TokenAuthentication])
@permission_classes([IsAuthenticated])
@renderer_classes([ExactJSONRenderer])
def show_instance(request: Request, instance_id: UUID) -> Response:
    """Return an instance with its variables."""
    return Response(get_instance(instance_id))


@extend_schema(
    operation_id="listSteps",
    summary="Read an instance's steps",
    tags=["instances"],
    parameters=[
        _ID,
        OpenApiParameter("after", int, description="Id of the last step read."),
        OpenApiParameter("limit", int, description=f"1 to {_MAX_PAGE}; else {_PAGE}."),
    ],
    responses={200: StepsBody, 401: _PROBLEM, 404: _PROBLEM, 422: _PROBLEM},
)
@api_view(["GET"])
@authentication_classes([TokenAuthentication])
@permission_classes([IsAuthenticated])
@renderer_classes([ExactJSONRenderer])
def show_steps(request: Request, instance_id: UUID) -> Response:
    """Return a page of an instance's steps, oldest first."""
    _check_query(request, known={"after", "limit"})
    after = _number(request, "after", default=0, low=0, high=2**63 - 1)
    limit = _number(request, "limit", default=_PAGE, low=1, high=_MAX_PAGE)
    return Response(list_steps(instance_id, after=after, limit=limit))


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the API's description, to be tried with a token."""
    return render(request, "workflows/api_docs.html")


@transaction.atomic
def _start(wish: dict[str, Any], *, actor: Actor) -> Answer:
    """Start an instance; where intake is slowed it is begun and held (202)."""
    definition = definitions.find_definition(
        key=wish["definition"], version=wish["version"]
    )
    if definition is None:
        wanted = f"{wish['definition']} {wish['version']}".strip()
        raise NotFound(f"No definition {wanted!r} is deployed and in force.")
    _check_variables(definition, wish["variables"])
    has_room = holding.has_room(definition.key)
    (instance_id,) = instances.start_many(
        definition_id=definition.id,
        starts=[
            instances.Start(
                variables=wish["variables"],
                initiator=actor,
                business_key=wish["business_key"],
            )
        ],
    )
    state = InstanceState.ACTIVE
    if not has_room:
        holding.hold_start(definition.key, instance_id)
        state = InstanceState.SUSPENDED
    body = {
        "id": str(instance_id),
        "state": state.value,
        "definition": str(definition),
        "url": reverse("api-instance", args=[instance_id]),
    }
    return Answer(status=201 if has_room else 202, body=body)


def _check_variables(definition: Definition, variables: dict[str, Any]) -> None:
    form = definitions.compiled(definition.id).start_form
    if form is None:
        return
    found = list_mismatches(form, variables)
    if found:
        raise Unmet([
            Mismatch(path=f"/variables{one.path}", message=one.message) for one in found
        ])


def _check_query(request: Request, *, known: set[str]) -> None:
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise Invalid(
            f"The parameter {unknown[0]!r} is not known; known are:"
            f" {', '.join(sorted(known))}."
        )


def _number(request: Request, name: str, *, default: int, low: int, high: int) -> int:
    text = request.query_params.get(name, str(default))
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    if not is_number or not low <= int(text) <= high:
        raise Invalid(f"{name} must be a whole number from {low} to {high}.")
    return int(text)
