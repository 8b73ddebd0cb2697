"""What happens to a request between socket and handler: proof, limits, permission, replay, record. No sockets."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from sim.cloud.access import Access, Principal
from sim.cloud.actions import path_values
from sim.cloud.errors import CloudError, invalid
from sim.cloud.faults import Fault, Faults
from sim.cloud.names import request_id
from sim.cloud.products import ACTIONS
from sim.cloud.record import RequestLog
from sim.cloud.signature import Nonces, SignedRequest, claim, verify
from sim.cloud.state import Cloud
from sim.cloud.throttle import Throttle, throttled
from sim.cloud.wire import Call, wrapped

VERSIONS = {"ess": ("2014-08-28", "2022-02-22"), "ecs": ("2014-05-26",), "cs": ("2015-12-15",)}
_COMMON = {"Action", "Format", "Version", "Timestamp", "AccessKeyId", "Signature", "SecurityToken", "RegionId"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out; `fault` tells the socket what to do with it."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None


@dataclass(slots=True)
class _Trace:
    """What becomes the request's record."""

    action: str
    version: str
    id: str = field(default_factory=request_id)
    params: dict[str, Any] = field(default_factory=dict)
    principal: str = ""
    effect: bool = False
    replay: bool = False


class Gateway:
    """The one door to a `Cloud` for all three products."""

    def __init__(self, cloud: Cloud, access: Access, limits: dict[str, tuple[float, float]] | None = None) -> None:
        self.cloud = cloud
        self.access = access
        self.log = RequestLog()
        self.faults = Faults()
        self.throttle = Throttle(limits or {})
        self._nonces = Nonces()
        self._replays: dict[tuple[str, str, str], tuple[str, Any]] = {}

    def handle(self, product: str, request: SignedRequest) -> Answer:
        """Answer one request; never raises for what a caller can send."""
        trace = _Trace(_action_name(request), _version(request))
        fault = self.faults.pick(product, trace.action)
        try:
            answer = Answer(200, self._answer(product, request, trace, fault), fault=fault)
        except CloudError as error:
            answer = Answer(error.status, _error_body(product, error, trace.id), dict(error.headers), fault)
        answer.headers["x-acs-request-id"] = trace.id
        self._record(product, trace, answer)
        return answer

    def _answer(self, product: str, request: SignedRequest, trace: _Trace, fault: Fault | None) -> Any:
        principal = self._authenticate(request, trace)
        call = _call(product, request, trace, principal.name)
        _raise_ordered(fault)
        self.throttle.check(product)
        self.access.authorize(principal, call)
        region = call.text("RegionId")
        if region and region != self.cloud.region:
            raise CloudError("InvalidRegionId.NotFound", "The specified region is not found.", 404)
        if fault is not None and not fault.executes:
            return {}
        body = self._shaped(call, self._execute(call, trace), trace)
        if fault is not None and fault.kind == "done-error":
            raise CloudError(fault.code, fault.message, fault.status)
        return body

    def _authenticate(self, request: SignedRequest, trace: _Trace) -> Principal:
        now, made = time.time(), claim(request)
        principal = self.access.identify(made.access_key, made.security_token, now)
        trace.principal = principal.name
        verify(request, principal.secret)
        self._nonces.check(made, now)
        return principal

    def _execute(self, call: Call, trace: _Trace) -> Any:
        """Run the handler, once for each ClientToken."""
        self.cloud.agenda.run_due()
        token = call.text("ClientToken")
        if len(token) > 64 or not token.isascii():
            raise invalid("ClientToken", "must be at most 64 ASCII characters")
        key, sent = (call.principal, call.action, token), _fingerprint(call)
        if token and key in self._replays:
            before, answer = self._replays[key]
            if before != sent:
                message = "The request uses the same client token as a previous, but non-identical request."
                raise CloudError("IdempotentParameterMismatch", message)
            trace.replay = True
            return answer
        revision = self.cloud.revision.number
        try:
            answer = ACTIONS[call.product, call.action].handler(self.cloud, call)
        finally:
            trace.effect = self.cloud.revision.number != revision
        if token:
            self._replays[key] = (sent, answer)
        return answer

    def _shaped(self, call: Call, body: Any, trace: _Trace) -> Any:
        if call.product == "cs":
            return body
        flat = {**body, "RequestId": trace.id}
        return flat if call.version == "2022-02-22" else wrapped(flat)

    def _record(self, product: str, trace: _Trace, answer: Answer) -> None:
        failed = isinstance(answer.body, dict) and answer.status >= 400
        self.log.add(
            at=time.time(),
            product=product,
            version=trace.version,
            action=trace.action,
            params=trace.params,
            principal=trace.principal,
            request_id=trace.id,
            status=_sent_status(answer),
            code=str(answer.body.get("Code") or answer.body.get("code") or "") if failed else "",
            effect=trace.effect,
            replay=trace.replay,
            fault=answer.fault.kind if answer.fault else "",
        )


def _sent_status(answer: Answer) -> int:
    if answer.status >= 400 or answer.fault is None:
        return answer.status
    if "silence" in answer.fault.kind or "reset" in answer.fault.kind:
        return 0
    return {"html": 502, "empty": 500}.get(answer.fault.kind, answer.status)


def _call(product: str, request: SignedRequest, trace: _Trace, principal: str) -> Call:
    """Find the action and put its parameters together; CloudError when the product has no such action."""
    action = ACTIONS.get((product, trace.action))
    path = path_values(action.path, request.path) if action else None
    if action is None or path is None or request.method != action.method or trace.version not in VERSIONS[product]:
        message = f"Specified api is not found: {trace.action} {trace.version} {request.method} {request.path}"
        raise CloudError("InvalidAction.NotFound", message, 404)
    params = {name: value for name, value in {**request.query, **request.form}.items() if _is_business(name)}
    body = _json_object(request.payload) if product == "cs" else {}
    trace.params = {**params, **path, **({"body": body} if body else {})}
    region = {"RegionId": request.query.get("RegionId") or request.form.get("RegionId") or ""}
    return Call(product, trace.version, trace.action, {**params, **region}, body, path, principal)


def _is_business(name: str) -> bool:
    return name not in _COMMON and not name.startswith("Signature")


def _json_object(payload: bytes) -> dict[str, Any]:
    if not payload:
        return {}
    try:
        value = json.loads(payload)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CloudError("InvalidBody", "The request body is not a JSON object.")
    return value


def _action_name(request: SignedRequest) -> str:
    return request.headers.get("x-acs-action") or request.query.get("Action") or request.form.get("Action") or ""


def _version(request: SignedRequest) -> str:
    return request.headers.get("x-acs-version") or request.query.get("Version") or ""


def _fingerprint(call: Call) -> str:
    return json.dumps([sorted(call.params.items()), call.body, sorted(call.path.items())], sort_keys=True)


def _raise_ordered(fault: Fault | None) -> None:
    if fault is None:
        return
    if fault.kind == "throttle":
        raise throttled(fault.seconds or None, fault.code if fault.code.startswith("Thro") else "Throttling.User")
    if fault.kind == "error":
        raise CloudError(fault.code, fault.message, fault.status)


def _error_body(product: str, error: CloudError, trace_id: str) -> dict[str, Any]:
    if product == "cs":
        body: dict[str, Any] = {"requestId": trace_id, "code": error.code, "message": error.message}
        return {**body, "status": error.status, **({"accessDeniedDetail": dict(error.detail)} if error.detail else {})}
    detail = {"AccessDeniedDetail": dict(error.detail)} if error.detail else {}
    recommend = f"https://api.aliyun.com/troubleshoot?q={error.code}&product={product.capitalize()}"
    common = {"RequestId": trace_id, "HostId": f"{product}.aliyuncs.com", "Code": error.code, "Message": error.message}
    return {**common, "Recommend": recommend, **detail}
