"""Who may do what: refusals in upstream's words, and the questions a client may ask about itself."""

from typing import Any

from tests.wire.kube import objects
from tests.wire.kube.client import Client, Json
from tests.wire.kube.ground import Ground

ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


async def test_refusals_name_user_verb_resource_and_place(ground: Ground) -> None:
    user = 'User "on-call" cannot'
    node = await ground.reader.delete("/api/v1/nodes/any")
    assert (node.code, node.reason) == (403, "Forbidden")
    assert node.message == (
        f'nodes "any" is forbidden: {user} delete resource "nodes" in API group "" at the cluster scope'
    )
    assert node.body["details"] == {"name": "any", "kind": "nodes"}
    made = await ground.reader.post(ground.at("deployments"), objects.workload("Deployment", "one"))
    assert made.message == (
        f'deployments.apps is forbidden: {user} create resource "deployments" in API group "apps" '
        f'in the namespace "{ground.namespace}"'
    )
    evicted = await ground.reader.post(f"{ground.at('pods', 'one')}/eviction", objects.eviction("one"))
    assert evicted.message == (
        f'pods "one" is forbidden: {user} create resource "pods/eviction" in API group "" '
        f'in the namespace "{ground.namespace}"'
    )
    assert (await ground.reader.get(ground.at("pods"))).code == 200


async def test_a_wrong_token(ground: Ground) -> None:
    async with Client(ground.reader.kubeconfig, ground.reader.context, token="wrong") as client:
        reply = await client.get("/api/v1/nodes")
    assert (reply.code, reply.reason, reply.message) == (401, "Unauthorized", "Unauthorized")


async def _may(client: Client, **attributes: str) -> bool:
    reply = await client.post(ACCESS, {"spec": {"resourceAttributes": attributes}})
    assert reply.code == 201, reply.text
    return bool(reply.body["status"]["allowed"])


async def test_access_reviews(ground: Ground) -> None:
    assert await _may(ground.admin, verb="delete", resource="nodes")
    assert await _may(ground.reader, verb="list", resource="nodes")
    assert not await _may(ground.reader, verb="delete", resource="nodes")
    assert not await _may(ground.reader, verb="create", resource="pods", subresource="eviction", namespace="default")
    path = await ground.reader.post(ACCESS, {"spec": {"nonResourceAttributes": {"verb": "get", "path": "/version"}}})
    assert path.body["status"]["allowed"] is True
    none = await ground.reader.post(ACCESS, {"spec": {}})
    assert none.code in (400, 422)


async def test_rules_reviews(ground: Ground) -> None:
    reply = await ground.reader.post(RULES, {"spec": {"namespace": ground.namespace}})
    assert reply.code == 201
    rules = reply.body["status"]["resourceRules"]
    everything = {"verbs": ["get", "list", "watch"], "apiGroups": ["*"], "resources": ["*"]}
    assert everything in rules
    assert reply.body["status"]["incomplete"] is False


async def test_roles_take_effect_at_once(ground: Ground) -> None:
    """A Role for one user in one namespace, with resource names and a subresource."""
    api = "rbac.authorization.k8s.io"
    rules: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["update"]},
    ]
    subject = {"kind": "User", "name": "on-call", "apiGroup": api}
    reference = {"kind": "Role", "name": "evictor", "apiGroup": api}
    binding: Json = {"metadata": {"name": "evictor"}, "roleRef": reference, "subjects": [subject]}
    path = f"/apis/{api}/v1/namespaces/{ground.namespace}"
    assert (await ground.admin.post(f"{path}/roles", {"metadata": {"name": "evictor"}, "rules": rules})).code == 201
    assert (await ground.admin.post(f"{path}/rolebindings", binding)).code == 201
    evict = {"verb": "create", "resource": "pods", "subresource": "eviction"}
    await ground.until(f"{path}/rolebindings/evictor", lambda _: True, "the binding")
    for _ in range(50):
        if await _may(ground.reader, **evict, namespace=ground.namespace):
            break
    assert await _may(ground.reader, **evict, namespace=ground.namespace)
    assert not await _may(ground.reader, **evict, namespace="default")
    assert await _may(ground.reader, verb="update", resource="configmaps", name="mine", namespace=ground.namespace)
    assert not await _may(ground.reader, verb="update", resource="configmaps", namespace=ground.namespace)


async def test_impersonation(ground: Ground) -> None:
    headers = {"Impersonate-User": "on-call"}
    async with ground.admin.session.delete("/api/v1/nodes/any", headers=headers) as answer:
        assert answer.status == 403
        assert 'User "on-call" cannot delete' in (await answer.json())["message"]
    async with ground.reader.session.get("/api/v1/nodes", headers={"Impersonate-User": "admin"}) as answer:
        assert answer.status == 403
