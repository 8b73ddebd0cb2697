"""The one error of the simulated cloud, and the few that several actions share."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class CloudError(Exception):
    """What the caller gets instead of an answer: an error code of the product, a message and an HTTP status."""

    code: str
    message: str
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, str] | None = None
    """AccessDeniedDetail, for RAM denials."""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def missing(name: str) -> CloudError:
    return CloudError(f"Missing{name}", f"The parameter {name} that is mandatory for this request is not supplied.")


def invalid(name: str, why: str = "is not valid") -> CloudError:
    return CloudError("InvalidParameter", f"The specified value of parameter {name} {why}.")


def not_found(what: str) -> CloudError:
    """`Invalid<what>.NotFound`, as ESS and ECS name it."""
    return CloudError(f"Invalid{what}.NotFound", f"The specified {what} does not exist.", 404)
