"""Who may do what: bearer tokens to users, and the RBAC objects of the registry to yes or no.

After plugin/pkg/auth/authorizer/rbac; the bootstrap roles are the few that a capacity tool meets.
"""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sim.kube.errors import unauthorized
from sim.kube.registry import Registry
from sim.kube.request import RequestInfo, User

Obj = dict[str, Any]

ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))
READER = User("reader", ("vacancy:readers", "system:authenticated"))
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))

_READ = ["get", "list", "watch"]
_DISCOVERY = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/openapi",
    "/openapi/*",
    "/healthz",
    "/livez",
    "/readyz",
    "/version",
]
_SHOWN: dict[str, list[str]] = {
    "": [
        "configmaps",
        "events",
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "pods/log",
        "replicationcontrollers",
        "services",
    ],
    "apps": ["*"],
    "apps.kruise.io": ["*"],
    "autoscaling": ["*"],
    "autoscaling.alibabacloud.com": ["*"],
    "autoscaling.k8s.io": ["*"],
    "batch": ["*"],
    "coordination.k8s.io": ["leases"],
    "events.k8s.io": ["events"],
    "metrics.k8s.io": ["nodes", "pods"],
    "policy": ["poddisruptionbudgets"],
    "policy.kruise.io": ["*"],
    "scheduling.k8s.io": ["priorityclasses"],
    "storage.k8s.io": ["*"],
}


def _role(name: str, rules: list[Obj]) -> Obj:
    return {"metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}, "rules": rules}


def _binding(role: str, group: str) -> Obj:
    api = "rbac.authorization.k8s.io"
    return {
        "metadata": {"name": role},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": api, "kind": "Group", "name": group}],
    }


def bootstrap(registry: Registry) -> None:
    """Store the default roles: all for admins, reading without secrets for readers, discovery for everyone known."""
    everything: list[Obj] = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]
    reviews = ["selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews"]
    groups = ["authentication.k8s.io", "authorization.k8s.io"]
    asking: Obj = {"apiGroups": groups, "resources": reviews, "verbs": ["create"]}
    reading = [{"apiGroups": [group], "resources": names, "verbs": _READ} for group, names in _SHOWN.items()]
    roles = [
        (_role("cluster-admin", everything), "system:masters"),
        (_role("vacancy:reader", reading), "vacancy:readers"),
        (_role("system:discovery", [{"nonResourceURLs": _DISCOVERY, "verbs": ["get"]}]), "system:authenticated"),
        (_role("system:basic-user", [asking]), "system:authenticated"),
    ]
    for role, group in roles:
        registry.create("ClusterRole", role)
        registry.create("ClusterRoleBinding", _binding(role["metadata"]["name"], group))


@dataclass(slots=True)
class _Grant:
    user: User
    expires: float | None


class Tokens:
    """Bearer tokens. Expiry is in real seconds, as a client under test sees it."""

    def __init__(self) -> None:
        self._grants: dict[str, _Grant] = {}

    def issue(self, user: User, token: str = "", lifetime: float | None = None) -> str:
        """A token for that user; made up unless given."""
        token = token or secrets.token_urlsafe(32)
        self._grants[token] = _Grant(user, None if lifetime is None else time.monotonic() + lifetime)
        return token

    def revoke(self, token: str) -> None:
        """From now on the token is answered with 401."""
        self._grants.pop(token, None)

    def user_of(self, authorization: str) -> User:
        """The user of an Authorization header; nobody without one; 401 for a bad or expired token."""
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        grant = self._grants.get(token.strip()) if scheme.lower() == "bearer" else None
        if grant is None or (grant.expires is not None and grant.expires < time.monotonic()):
            raise unauthorized()
        return grant.user


@dataclass(frozen=True, slots=True)
class Attributes:
    """One thing to allow: a verb on a resource (with `pods/log` in `resource`), or on a path."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @classmethod
    def of(cls, info: RequestInfo) -> "Attributes":
        if not info.plural:
            return cls(info.verb, path=info.path)
        return cls(info.verb, info.group, info.resource_path, info.namespace, info.name)


class Authorizer:
    """Asks the registry's roles and bindings."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def allows(self, user: User, asked: Attributes) -> bool:
        return any(_rule_allows(rule, asked) for rule in self.rules(user, asked.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Obj]:
        """The rules that hold for the user in the namespace; cluster-wide ones alone when it is empty."""
        for binding in self._registry.list("ClusterRoleBinding"):
            if _names(binding, user, ""):
                yield from self._role_rules(binding, "")
        for binding in self._registry.list("RoleBinding", namespace) if namespace else ():
            if _names(binding, user, namespace):
                yield from self._role_rules(binding, namespace)

    def _role_rules(self, binding: Obj, namespace: str) -> list[Obj]:
        reference = binding.get("roleRef") or {}
        local = reference.get("kind") == "Role"
        role = self._registry.find(
            "Role" if local else "ClusterRole", reference.get("name", ""), namespace if local else ""
        )
        return list((role or {}).get("rules") or ())


def forbidden_why(user: User, asked: Attributes) -> str:
    """`User "reader" cannot delete resource "nodes" in API group "" at the cluster scope`."""
    if asked.path:
        return f'User "{user.name}" cannot {asked.verb} path "{asked.path}"'
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    return f'User "{user.name}" cannot {asked.verb} resource "{asked.resource}" in API group "{asked.group}" {where}'


def _names(binding: Obj, user: User, namespace: str) -> bool:
    return any(_is_subject(subject, user, namespace) for subject in binding.get("subjects") or ())


def _is_subject(subject: Obj, user: User, namespace: str) -> bool:
    name = subject.get("name")
    match subject.get("kind"):
        case "User":
            return name == user.name
        case "Group":
            return name in user.groups
        case "ServiceAccount":
            return user.name == f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"
    return False


def _rule_allows(rule: Obj, asked: Attributes) -> bool:
    if not _covers(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(_path_matches(pattern, asked.path) for pattern in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _covers(rule.get("apiGroups"), asked.group)
        and _covers_resource(rule.get("resources") or [], asked.resource)
        and (not names or asked.name in names)
    )


def _covers(values: list[str] | None, wanted: str) -> bool:
    return bool(values) and ("*" in (values or ()) or wanted in (values or ()))


def _covers_resource(values: list[str], wanted: str) -> bool:
    subresource = wanted.partition("/")[2]
    return "*" in values or wanted in values or (bool(subresource) and f"*/{subresource}" in values)


def _path_matches(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))
