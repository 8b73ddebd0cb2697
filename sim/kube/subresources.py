"""Subresources that are not the object itself: scale, binding, eviction, token, finalize. Logs stand in server.py."""

from typing import Any

from sim.kube import strategy
from sim.kube.answer import Answer
from sim.kube.binding import bind
from sim.kube.errors import method_not_allowed, no_such_path
from sim.kube.eviction import evict
from sim.kube.patches import merge
from sim.kube.rbac import Tokens
from sim.kube.registry import apply_patch
from sim.kube.request import User, decode_body
from sim.kube.verbs import Call, Verbs

Obj = dict[str, Any]

_TOKEN_LIFETIME = 3600


class Subresources:
    """Carries out calls on parts of an object."""

    def __init__(self, verbs: Verbs, tokens: Tokens) -> None:
        self._verbs = verbs
        self._registry = verbs.registry
        self._tokens = tokens

    def answer(self, call: Call) -> Answer:
        """Do what the call's verb says to its subresource."""
        if call.info.subresource not in call.resource.subresources:
            raise no_such_path()
        match call.info.subresource, call.info.verb:
            case (("status" | "finalize"), ("get" | "update" | "patch")):
                return self._verbs.answer(call)
            case "scale", ("get" | "update" | "patch"):
                return self._scale(call)
            case "binding", "create":
                return self._bind(call)
            case "eviction", "create":
                done = evict(self._registry, call.namespace, call.info.name, call.sent(), call.info.dry_run)
                return Answer(done, 201)
            case "token", "create":
                return self._token(call)
        raise method_not_allowed()

    def _bind(self, call: Call) -> Answer:
        target = call.sent().get("target") or {}
        bind(self._registry, call.namespace, call.info.name, str(target.get("name") or ""), call.info.dry_run)
        return Answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)

    def _scale(self, call: Call) -> Answer:
        obj = self._registry.get(call.kind, call.info.name, call.namespace)
        scale = scale_of(obj)
        if call.info.verb == "get":
            return Answer(scale)
        if call.info.verb == "update":
            wanted = call.sent()
        else:
            how = call.content_type.partition(";")[0].strip()
            wanted = apply_patch(call.resource, scale, decode_body(call.body), how)
        replicas = int((wanted.get("spec") or {}).get("replicas") or 0)
        version = (wanted.get("metadata") or {}).get("resourceVersion", "")
        changed = merge(obj, {"spec": {"replicas": replicas}, "metadata": {"resourceVersion": version}})
        return Answer(scale_of(self._registry.update(call.kind, changed, dry_run=call.info.dry_run)))

    def _token(self, call: Call) -> Answer:
        account = self._registry.get(call.kind, call.info.name, call.namespace)
        name, namespace = account["metadata"]["name"], account["metadata"]["namespace"]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        request = call.sent()
        lifetime = int((request.get("spec") or {}).get("expirationSeconds") or _TOKEN_LIFETIME)
        token = self._tokens.issue(User(f"system:serviceaccount:{namespace}:{name}", groups), lifetime=lifetime)
        head = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": {"name": name}}
        return Answer({**head, "spec": request.get("spec") or {}, "status": {"token": token}}, 201)


def scale_of(obj: Obj) -> Obj:
    """The autoscaling/v1 Scale of a workload."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    seen: Obj = {"replicas": status.get("replicas", 0)}
    if spec.get("selector"):
        seen["selector"] = selector_text(spec["selector"])
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": replicas} if (replicas := spec.get("replicas", 1)) else {},
        "status": seen,
    }


def selector_text(selector: Obj) -> str:
    """A label selector as one line: `app=web,tier in (a,b)`."""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{key}={value}" for key, value in selector.items())
    read = strategy.label_selector(selector)
    terms = [f"{key}={value}" for key, value in sorted((read.match_labels or {}).items())]
    for requirement in read.match_expressions or ():
        values = ",".join(requirement.values or ())
        forms = {"In": f"{requirement.key} in ({values})", "NotIn": f"{requirement.key} notin ({values})"}
        forms |= {"Exists": requirement.key, "DoesNotExist": f"!{requirement.key}"}
        terms.append(forms.get(requirement.operator, ""))
    return ",".join(term for term in terms if term)
