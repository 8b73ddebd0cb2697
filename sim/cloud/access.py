"""Who may do what: access keys, STS tokens and RAM policies of the simulated account. Not how they are proved."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from sim.cloud.errors import CloudError
from sim.cloud.state import ACCOUNT
from sim.cloud.wire import Call

_READS = ("Describe*", "List*", "Get*", "Query*", "Verify*")
READ_ONLY = tuple(f"{product}:{verb}" for product in ("ess", "ecs", "cs") for verb in _READS)


@dataclass(frozen=True, slots=True)
class Principal:
    """A key pair and the RAM actions that its policy allows (`*` and `?` match as in RAM)."""

    name: str
    access_key: str
    secret: str
    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()
    security_token: str = ""
    expires: float | None = None
    """Real Unix seconds, for STS tokens."""

    def may(self, permission: str) -> bool:
        if any(fnmatchcase(permission, pattern) for pattern in self.deny):
            return False
        return any(fnmatchcase(permission, pattern) for pattern in self.allow)


def default_principals(suffix: str) -> list[Principal]:
    """The account's users: one may do everything, one may read, one may read without secrets, one may nothing."""
    no_secrets = ("ecs:DescribeUserData", "ess:DescribeScalingConfigurations", "cs:DescribeClusterAttachScripts")
    return [
        Principal("admin", f"LTAI5tSimAdmin{suffix}", f"admin-secret-{suffix}"),
        Principal("reader", f"LTAI5tSimReader{suffix}", f"reader-secret-{suffix}", READ_ONLY),
        Principal("auditor", f"LTAI5tSimAudit{suffix}", f"auditor-secret-{suffix}", READ_ONLY, no_secrets),
        Principal("nobody", f"LTAI5tSimNobody{suffix}", f"nobody-secret-{suffix}", ()),
    ]


class Access:
    """The principals by access key."""

    def __init__(self, principals: list[Principal]) -> None:
        self.principals = {principal.access_key: principal for principal in principals}

    def add(self, principal: Principal) -> None:
        """Add a principal, or replace the one with its access key."""
        self.principals[principal.access_key] = principal

    def named(self, name: str) -> Principal:
        return next(principal for principal in self.principals.values() if principal.name == name)

    def identify(self, access_key: str, security_token: str, now: float) -> Principal:
        """The principal of a key; CloudError when it is unknown or its token is wrong or expired."""
        principal = self.principals.get(access_key)
        if principal is None:
            raise CloudError("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
        if principal.security_token != security_token:
            raise CloudError("InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        if principal.expires is not None and principal.expires <= now:
            raise CloudError("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
        return principal

    def authorize(self, principal: Principal, call: Call) -> None:
        """CloudError with AccessDeniedDetail unless the policy allows this action."""
        permission = f"{call.product}:{call.action}"
        if principal.may(permission):
            return
        detail = {
            "AuthAction": permission,
            "AuthPrincipalType": "SubUser",
            "AuthPrincipalOwnerId": ACCOUNT,
            "AuthPrincipalDisplayName": principal.name,
            "NoPermissionType": "ImplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy",
        }
        code = "Forbidden.RAM" if call.product == "ecs" else "Forbidden.Unauthorized"
        message = "User not authorized to operate on the specified resource, or this API doesn't support RAM."
        raise CloudError(code, message, 403, detail=detail)
