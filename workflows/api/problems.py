"""Errors as problem details (RFC 9457), from one table of classes to statuses."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from workflows.operations.errors import Busy, Refused
from workflows.schemas import Mismatch, pointer

MEDIA_TYPE = "application/problem+json"


class Unmet(Exception):
    """A body whose parts do not meet what they must; each with its place."""

    def __init__(self, mismatches: list[Mismatch]) -> None:
        super().__init__("; ".join(f"{one.path} {one.message}" for one in mismatches))
        self.mismatches = mismatches


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to an exception; None lets a defect of ours be a 500."""
    if isinstance(error, Unmet):
        return _problem(
            422,
            code="invalid",
            detail="The body does not meet its schema; see errors.",
            errors=[
                {"path": one.path, "message": one.message} for one in error.mismatches
            ],
        )
    if isinstance(error, Refused):
        refused = _problem(error.status, code=error.code, detail=error.message)
        if isinstance(error, Busy):
            refused["Retry-After"] = str(error.seconds)
        return refused
    if isinstance(error, ValidationError):
        return _problem(
            422,
            code="invalid",
            detail="The body does not meet its schema; see errors.",
            errors=_flatten(error.detail, ()),
        )
    # The framework's own handler rolls back and sets headers such as Retry-After.
    response = exception_handler(error, context)
    if response is None:
        return None
    code, detail = _words(error)
    problem = _problem(response.status_code, code=code, detail=detail)
    for name, value in response.items():
        if name.lower() != "content-type":
            problem[name] = value
    return problem


def _words(error: Exception) -> tuple[str, str]:
    match error:
        case APIException():
            codes = error.get_codes()
            code = codes if isinstance(codes, str) else "error"
            return code.replace("_", "-"), str(error.detail)
        case Http404():
            return "not-found", "There is nothing at this address."
        case PermissionDenied():
            return "forbidden", "You may not do this."
        case _:
            return "error", str(error)


def _problem(
    status: int,
    *,
    code: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return Response(body, status=status, content_type=MEDIA_TYPE)


def _flatten(detail: Any, path: tuple[object, ...]) -> list[dict[str, str]]:
    if isinstance(detail, dict):
        found = []
        for key, value in detail.items():
            here = path if key == "non_field_errors" else (*path, key)
            found.extend(_flatten(value, here))
        return found
    if isinstance(detail, list) and any(isinstance(one, dict | list) for one in detail):
        return [
            one
            for index, value in enumerate(detail)
            for one in _flatten(value, (*path, index))
        ]
    texts = detail if isinstance(detail, list) else [detail]
    return [{"path": pointer(path), "message": str(text)} for text in texts]
