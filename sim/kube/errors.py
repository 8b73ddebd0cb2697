"""API errors as metav1.Status: a constructor for each reason, worded as apimachinery's api/errors package does."""

from typing import Any

from sim.kube.resources import Resource

Obj = dict[str, Any]


class ApiError(Exception):
    """A refusal that goes out as a Status of that HTTP code. `retry_after` (seconds) also becomes a header."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Obj | None = None,
        retry_after: int = 0,
        continue_token: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = dict(details or {})
        self.retry_after = retry_after
        self.continue_token = continue_token
        if retry_after:
            self.details["retryAfterSeconds"] = retry_after

    def status(self) -> Obj:
        """The metav1.Status that a client decodes."""
        meta = {"continue": self.continue_token} if self.continue_token else {}
        status: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": meta, "status": "Failure"}
        status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        if self.details:
            status["details"] = self.details
        status["code"] = self.code
        return status


def details_of(resource: Resource, name: str = "") -> Obj:
    """StatusDetails of an object: its `kind` is the plural resource name, as upstream sends it."""
    named = {"name": name} if name else {}
    group = {"group": resource.group} if resource.group else {}
    return {**named, **group, "kind": resource.plural}


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    return ApiError(
        403,
        "Forbidden",
        f'{resource.qualified} "{name}" is forbidden: {why}' if name else f"{resource.qualified} is forbidden: {why}",
        details_of(resource, name),
    )


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', details_of(resource, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def method_not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def already_exists(resource: Resource, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', details_of(resource, name))


def conflict(resource: Resource, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, details_of(resource, name))


def modified(resource: Resource, name: str) -> ApiError:
    return conflict(
        resource, name, "the object has been modified; please apply your changes to the latest version and try again"
    )


def expired(message: str, continue_token: str = "") -> ApiError:
    return ApiError(410, "Expired", message, continue_token=continue_token)


def too_old(asked: int, oldest: int) -> ApiError:
    return expired(f"too old resource version: {asked} ({oldest})")


def unsupported_media_type(accepted: str) -> ApiError:
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return ApiError(415, "UnsupportedMediaType", message)


def invalid(
    resource: Resource, name: str, field: str, problem: str, value_reason: str = "FieldValueInvalid"
) -> ApiError:
    """422 for one field; `problem` is what follows the field, such as `Required value`."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    group = {"group": resource.group} if resource.group else {}
    cause = {"reason": value_reason, "message": problem, "field": field}
    details = {"name": name, **group, "kind": resource.kind, "causes": [cause]}
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {field}: {problem}', details)


def too_many_requests(message: str, retry_after: int = 0) -> ApiError:
    return ApiError(429, "TooManyRequests", message, retry_after=retry_after)


def too_large_version(asked: int, current: int) -> ApiError:
    """504 for a resourceVersion from the future; the client is told to ask again in a second."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", f"Timeout: {message}", {"causes": [cause]}, retry_after=1)
