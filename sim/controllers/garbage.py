"""Deletes what belongs to nobody any more: dependents of deleted owners, and everything in a namespace that goes."""

from typing import Any

from sim.controllers.base import Controller, being_deleted, key_of, own_key
from sim.kube.deletion import FOREGROUND, ORPHAN, DeleteOptions
from sim.kube.errors import ApiError
from sim.kube.registry import Registry
from sim.kube.shelf import Change, Key

Obj = dict[str, Any]

_OWN_GRACE = DeleteOptions()


class GarbageCollector(Controller):
    """Follows every kind. Queued are owners that are "gone", and those "waiting" for their dependents, by uid."""

    kind = "*"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self._going: dict[str, tuple[str, str, str]] = {}  # uid -> kind, namespace, name
        for resource in registry.catalog.stored():
            self.follow(resource.kind, self._concerned)

    def prime(self) -> None:
        """Nothing: what was orphaned before the start stays, as no change tells of it."""

    def _concerned(self, change: Change) -> Key | None:
        obj = change.object
        if change.type == "DELETED":
            owners = obj["metadata"].get("ownerReferences")
            for reference in owners or ():  # an owner may wait for this one
                self.queue.add(("waiting", reference["uid"]))
            return "gone", obj["metadata"]["uid"]
        if being_deleted(obj) and {FOREGROUND, ORPHAN} & set(obj["metadata"].get("finalizers") or ()):
            self._going[obj["metadata"]["uid"]] = (obj["kind"], *key_of(obj))
            return "waiting", obj["metadata"]["uid"]
        return None

    def reconcile(self, key: Key) -> None:
        what, uid = key
        if what == "gone":
            self._delete_dependents(uid, _OWN_GRACE)
        elif uid in self._going:
            self._go_on(uid, *self._going[uid])

    def _delete_dependents(self, uid: str, options: DeleteOptions) -> None:
        for obj in self.registry.dependents(uid):
            if not being_deleted(obj) and not self._has_other_owner(obj, uid):
                meta = obj["metadata"]
                self.registry.delete(obj["kind"], meta["name"], meta.get("namespace", ""), options)

    def _has_other_owner(self, obj: Obj, gone: str) -> bool:
        for reference in obj["metadata"]["ownerReferences"]:
            if reference["uid"] == gone:
                continue
            try:
                namespaced = self.registry.catalog.kind(reference["kind"]).namespaced
            except KeyError:
                continue
            namespace = obj["metadata"].get("namespace", "") if namespaced else ""
            owner = self.registry.find(reference["kind"], reference["name"], namespace)
            if owner is not None and owner["metadata"]["uid"] == reference["uid"]:
                return True
        return False

    def _go_on(self, uid: str, kind: str, namespace: str, name: str) -> None:
        """One step of a foreground or orphaning deletion."""
        obj = self.registry.find(kind, name, namespace)
        if obj is None or obj["metadata"]["uid"] != uid:
            self._going.pop(uid, None)
            return
        finalizers = obj["metadata"].get("finalizers") or []
        if ORPHAN in finalizers:
            for dependent in self.registry.dependents(uid):
                self._disown(dependent, uid)
        elif self.registry.dependents(uid):
            self._delete_dependents(uid, DeleteOptions(propagation="Foreground"))
            return
        self._going.pop(uid, None)
        left = [finalizer for finalizer in finalizers if finalizer not in (FOREGROUND, ORPHAN)]
        self.registry.rewrite(kind, _with_list(obj, "finalizers", left))

    def _disown(self, obj: Obj, uid: str) -> None:
        left = [reference for reference in obj["metadata"]["ownerReferences"] if reference["uid"] != uid]
        self.registry.rewrite(obj["kind"], _with_list(obj, "ownerReferences", left))


def _with_list(obj: Obj, field: str, values: list[Any]) -> Obj:
    """The object with that list in its metadata, left out when empty."""
    meta = {key: value for key, value in obj["metadata"].items() if key != field}
    return {**obj, "metadata": meta | ({field: values} if values else {})}


class NamespaceController(Controller):
    """Empties namespaces that are being deleted, then lets them go; gives every other its default service account."""

    kind = "Namespace"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.follow("Namespace", own_key)

    def reconcile(self, key: Key) -> None:
        namespace = self.registry.find("Namespace", key[1])
        if namespace is None:
            return
        if not being_deleted(namespace):
            self._provide(key[1])
            return
        left = 0
        for resource in self.registry.catalog.stored():
            if resource.namespaced:
                left += self._empty(resource.kind, key[1])
        if left:
            self.queue.add(key, 1.0)
            return
        spec = {**(namespace.get("spec") or {}), "finalizers": []}
        self.registry.rewrite("Namespace", {**namespace, "spec": spec})

    def _provide(self, name: str) -> None:
        for kind, object_ in (("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")):
            if self.registry.find(kind, object_, name) is None:
                self.registry.create(kind, {"metadata": {"name": object_, "namespace": name}})

    def _empty(self, kind: str, namespace: str) -> int:
        for obj in self.registry.list(kind, namespace):
            if not being_deleted(obj):
                try:
                    self.registry.delete(kind, obj["metadata"]["name"], namespace, _OWN_GRACE)
                except ApiError:
                    continue
        return len(self.registry.list(kind, namespace))
