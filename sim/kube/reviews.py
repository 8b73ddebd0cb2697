"""authorization.k8s.io and authentication.k8s.io: questions about oneself and others, answered from RBAC."""

from typing import Any

from sim.kube.errors import bad_request
from sim.kube.rbac import Attributes, Authorizer
from sim.kube.request import User

Obj = dict[str, Any]

AUTHORIZATION = "authorization.k8s.io"
AUTHENTICATION = "authentication.k8s.io"
KINDS = {
    (AUTHORIZATION, "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    (AUTHORIZATION, "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
    (AUTHORIZATION, "subjectaccessreviews"): "SubjectAccessReview",
    (AUTHENTICATION, "selfsubjectreviews"): "SelfSubjectReview",
}


def answer(authorizer: Authorizer, user: User, group: str, plural: str, body: Obj) -> Obj:
    """The review with its status filled in."""
    kind = KINDS[group, plural]
    spec: Obj = body.get("spec") or {}
    head: Obj = {"kind": kind, "apiVersion": f"{group}/v1", "metadata": {"creationTimestamp": None}}
    match kind:
        case "SelfSubjectReview":
            return {**head, "status": {"userInfo": user.identity}}
        case "SelfSubjectRulesReview":
            return {**head, "spec": {}, "status": _rules(authorizer, user, str(spec.get("namespace") or ""))}
        case "SubjectAccessReview":
            user = User(str(spec.get("user") or ""), tuple(spec.get("groups") or ()))
    return {**head, "spec": spec, "status": _access(authorizer, user, spec)}


def _access(authorizer: Authorizer, user: User, spec: Obj) -> Obj:
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (wanted is None) == (path is None):
        raise bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
    if wanted is None:
        asked = Attributes((path or {}).get("verb", ""), path=(path or {}).get("path", ""))
    else:
        subresource = wanted.get("subresource")
        resource = wanted.get("resource", "") + (f"/{subresource}" if subresource else "")
        namespace, name = wanted.get("namespace", ""), wanted.get("name", "")
        asked = Attributes(wanted.get("verb", ""), wanted.get("group", ""), resource, namespace, name)
    return {"allowed": authorizer.allows(user, asked)}


def _rules(authorizer: Authorizer, user: User, namespace: str) -> Obj:
    if not namespace:
        raise bad_request("no namespace on request")
    rules = list(authorizer.rules(user, namespace))
    resources = [
        _only(rule, "verbs", "apiGroups", "resources", "resourceNames") for rule in rules if rule.get("resources")
    ]
    paths = [_only(rule, "verbs", "nonResourceURLs") for rule in rules if rule.get("nonResourceURLs")]
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}


def _only(rule: Obj, *fields: str) -> Obj:
    return {name: rule[name] for name in fields if rule.get(name)}
