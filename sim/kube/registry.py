"""The store of the simulated cluster: Kubernetes objects as plain dicts under one resourceVersion, with watchers.

Every call is synchronous and atomic. Objects that come out are shared: copy before changing, then `update`.
"""

import random
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sim.clock import SimClock, rfc3339
from sim.kube import defaults, deletion, fields, patches, strategy
from sim.kube.deletion import DeleteOptions
from sim.kube.errors import already_exists, bad_request, forbidden, invalid, not_found, unsupported_media_type
from sim.kube.resources import Catalog, Resource
from sim.kube.shelf import Change, ChangeType, Key, Shelf

Obj = dict[str, Any]
Objects = list[Obj]
Listener = Callable[[Change], None]

_NOW = DeleteOptions(grace=0)
_HEAD = frozenset({"apiVersion", "kind", "metadata"})
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"  # rand.String of k8s.io/apimachinery: no vowels, no lookalikes


class Registry:
    """All objects of one cluster. `log_size` changes a kind can be resumed from; older watches get 410."""

    def __init__(self, clock: SimClock, *, seed: int = 0, log_size: int = 10_000) -> None:
        self.clock = clock
        self.catalog = Catalog()
        self.version = 1
        self.compacted = 0
        self.webhooks: dict[str, Callable[[Obj], Obj]] = {}
        """Mutating admission by kind: gets a new object with its defaults, returns what is stored."""
        self._log_size = log_size
        self._shelves: dict[str, Shelf] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._dependents: dict[str, set[tuple[str, Key]]] = {}
        self._random = random.Random(seed)

    # -- reading -----------------------------------------------------------------------------------------------------

    def find(self, kind: str, name: str, namespace: str = "") -> Obj | None:
        """The object, or None."""
        return self.shelf(kind).objects.get((namespace, name))

    def get(self, kind: str, name: str, namespace: str = "") -> Obj:
        """The object; ApiError 404 when it doesn't exist."""
        found = self.find(kind, name, namespace)
        if found is None:
            raise not_found(self.catalog.kind(kind), name)
        return found

    def list(self, kind: str, namespace: str = "") -> Objects:
        """All objects of the kind, in key order; with a namespace only its own."""
        return list(self.shelf(kind).values(namespace))

    def pods_on(self, node: str) -> Objects:
        """The pods bound to that node, in the order in which they came; `""` for the unbound ones."""
        return self.shelf("Pod").indexed(node)

    def dependents(self, uid: str) -> Objects:
        """The objects that name that uid in their ownerReferences."""
        keys = sorted(self._dependents.get(uid, ()))
        return [self._shelves[kind].objects[key] for kind, key in keys]

    def shelf(self, kind: str) -> Shelf:
        """The stored objects of a kind, with their change log."""
        shelf = self._shelves.get(kind)
        if shelf is None:
            self.catalog.kind(kind)
            shelf = self._shelves[kind] = Shelf(self._log_size, _node_of if kind == "Pod" else None)
        return shelf

    # -- writing -----------------------------------------------------------------------------------------------------

    def create(self, kind: str, obj: Mapping[str, Any], *, dry_run: bool = False) -> Obj:
        """Store a new object with defaults and system fields; a uid or creationTimestamp that it has is kept."""
        resource = self.catalog.kind(kind)
        new = self._prepared(resource, obj)
        key = _key(new)
        self._check_place(resource, new)
        if key in self.shelf(kind).objects:
            raise already_exists(resource, key[1])
        new = defaults.fill(new, self._priority_of, self.suffix)
        if kind in self.webhooks:
            new = self.webhooks[kind](new)
        strategy.check_create(resource, new)
        if strategy.has_generation(resource, new):
            new["metadata"] = {"generation": 1, **new["metadata"]}
        return new if dry_run else self._commit("ADDED", kind, new, None)

    def load(self, kind: str, objects: Iterable[Obj]) -> int:
        """Store complete objects as they are, unchecked and fast, sharing their parts; returns how many.

        For start-up data: set uid and creationTimestamp yourself where they matter.
        """
        resource = self.catalog.kind(kind)
        count = 0
        for obj in objects:
            self._commit("ADDED", kind, self._prepared(resource, obj), None)
            count += 1
        return count

    def update(self, kind: str, obj: Obj, *, subresource: str = "", dry_run: bool = False) -> Obj:
        """Replace the object (of `subresource="status"` only its status). 409 when its resourceVersion is old."""
        resource = self.catalog.kind(kind)
        meta = obj.get("metadata") or {}
        old = self.get(kind, str(meta.get("name")), meta.get("namespace") or "" if resource.namespaced else "")
        if not subresource and kind != "Pod":
            filled = defaults.fill({"kind": kind, **obj, "metadata": old["metadata"]}, self._priority_of, self.suffix)
            obj = {**filled, "metadata": meta}
        new = strategy.update(resource, old, obj, subresource)
        return self._store(kind, old, new, dry_run)

    def patch(
        self,
        kind: str,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        how: str = patches.MERGE,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Obj:
        """Apply a patch of media type `how` to the object and store the result like `update`."""
        resource = self.catalog.kind(kind)
        old = self.get(kind, name, namespace)
        new = apply_patch(resource, old, patch, how)
        fields.check(resource, new)
        strategy.check_identity(resource, old, new)
        return self.update(kind, new, subresource=subresource, dry_run=dry_run)

    def set_status(self, kind: str, obj: Obj, status: Obj) -> Obj:
        """Store that status in the current object, whatever its version; no event when nothing changes."""
        meta = obj["metadata"]
        old = self.get(kind, meta["name"], meta.get("namespace", ""))
        return self._store(kind, old, {**old, "status": status}, dry_run=False)

    def rewrite(self, kind: str, obj: Obj) -> Obj:
        """Store the object as it is, past all checks on updates (bindings, kubelets, garbage collection)."""
        meta = obj["metadata"]
        old = self.get(kind, meta["name"], meta.get("namespace", ""))
        return self._store(kind, old, obj, dry_run=False)

    def delete(self, kind: str, name: str, namespace: str = "", options: DeleteOptions = _NOW) -> Obj:
        """Delete, or mark as being deleted while a grace period or finalizers hold it. Returns the last state."""
        resource = self.catalog.kind(kind)
        old = self.get(kind, name, namespace)
        deletion.check_preconditions(resource, old, options)
        marked = deletion.marked(old, options, self.clock.now())
        if options.dry_run:
            return marked or old
        if marked is None:
            return self._commit("DELETED", kind, old, old)
        return self._store(kind, old, marked, dry_run=False)

    # -- watching ----------------------------------------------------------------------------------------------------

    def on_change(self, kind: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` right after each write of that kind; returns what ends it. Listeners must not write."""
        self.shelf(kind)
        listeners = self._listeners.setdefault(kind, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener) if listener in listeners else None

    def compact(self, version: int | None = None) -> None:
        """Forget the history up to that version (default: all of it): older watches and continue tokens get 410."""
        self.compacted = self.version if version is None else version
        for shelf in self._shelves.values():
            shelf.compact(self.compacted)

    # -- inner -------------------------------------------------------------------------------------------------------

    def new_uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def suffix(self, length: int = 5) -> str:
        """A random name ending, as generateName and the controllers use it."""
        return "".join(self._random.choices(_SUFFIX, k=length))

    def _prepared(self, resource: Resource, obj: Mapping[str, Any]) -> Obj:
        meta: Obj = dict(obj.get("metadata") or {})
        if not meta.get("name"):
            if not meta.get("generateName"):
                problem = "Required value: name or generateName is required"
                raise invalid(resource, "", "metadata.name", problem, "FieldValueRequired")
            meta["name"] = meta["generateName"] + self.suffix()
        if resource.namespaced:
            meta.setdefault("namespace", "default")
        else:
            meta.pop("namespace", None)
        if "uid" not in meta:
            meta["uid"] = self.new_uid()
        if "creationTimestamp" not in meta:
            meta["creationTimestamp"] = rfc3339(self.clock.now())
        rest = {key: value for key, value in obj.items() if key not in _HEAD}
        return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta, **rest}

    def _check_place(self, resource: Resource, obj: Obj) -> None:
        if not resource.namespaced:
            return
        name = obj["metadata"]["namespace"]
        namespace = self.find("Namespace", name)
        if namespace is None:
            raise not_found(self.catalog.kind("Namespace"), name)
        if "deletionTimestamp" in namespace["metadata"]:
            why = f"unable to create new content in namespace {name} because it is being terminated"
            error = forbidden(resource, obj["metadata"]["name"], why)
            message = f"namespace {name} is being terminated"
            cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
            error.details["causes"] = [cause]
            raise error

    def _priority_of(self, name: str) -> tuple[int, str]:
        if name in _SYSTEM_PRIORITIES:
            return _SYSTEM_PRIORITIES[name], "PreemptLowerPriority"
        for found in self.shelf("PriorityClass").objects.values():
            if found["metadata"]["name"] == name or (not name and found.get("globalDefault")):
                return int(found.get("value", 0)), found.get("preemptionPolicy", "PreemptLowerPriority")
        if name:
            pod = self.catalog.kind("Pod")
            raise forbidden(pod, "", f"no PriorityClass with name {name} was found")
        return 0, "PreemptLowerPriority"

    def _store(self, kind: str, old: Obj, new: Obj, dry_run: bool) -> Obj:
        if new == old:
            return old
        if dry_run:
            return new
        stored = self._commit("MODIFIED", kind, new, old)
        return self._commit("DELETED", kind, stored, stored) if deletion.finished(stored) else stored

    def _commit(self, type_: ChangeType, kind: str, obj: Obj, old: Obj | None) -> Obj:
        shelf = self.shelf(kind)
        self.version += 1
        stored = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
        change = Change(self.version, type_, stored, old)
        shelf.apply(_key(stored), change)
        self._track_owners(kind, change)
        for listener in tuple(self._listeners.get(kind, ())):
            listener(change)
        return stored

    def _track_owners(self, kind: str, change: Change) -> None:
        before = _owners(change.old)
        after = _owners(change.object) if change.type != "DELETED" else ()
        if before == after:
            return
        place = (kind, _key(change.object))
        for uid in before:
            self._dependents[uid].discard(place)
            if not self._dependents[uid]:
                del self._dependents[uid]
        for uid in after:
            self._dependents.setdefault(uid, set()).add(place)


_SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def apply_patch(resource: Resource, old: Obj, patch: Any, how: str) -> Obj:
    """The patched object, not stored. 415 for a format that the resource doesn't take."""
    if how == patches.JSON:
        new = patches.json_patch(old, patch)
    elif how == patches.MERGE:
        new = patches.merge(old, patch)
    elif how == patches.STRATEGIC and not resource.custom:
        new = patches.strategic(old, patch)
    else:
        accepted = [patches.JSON, patches.MERGE, *([] if resource.custom else [patches.STRATEGIC])]
        raise unsupported_media_type(", ".join(accepted))
    if not isinstance(new, dict) or not isinstance(new.get("metadata"), dict):
        raise bad_request("the patch leaves no object")
    return new


def _key(obj: Obj) -> Key:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _node_of(pod: Obj) -> str:
    return (pod.get("spec") or {}).get("nodeName") or ""


def _owners(obj: Obj | None) -> tuple[str, ...]:
    references = obj["metadata"].get("ownerReferences") if obj is not None else None
    return tuple({reference["uid"]: None for reference in references if "uid" in reference}) if references else ()
