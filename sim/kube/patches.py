"""The three patch formats: JSON patch (RFC 6902), JSON merge patch (RFC 7386) and Kubernetes' strategic merge patch.

All return new values and share what they don't touch with the old one.
"""

from typing import Any

from sim.kube.errors import ApiError, bad_request

Obj = dict[str, Any]

JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

# patchMergeKey of lists with patchStrategy=merge, by field name (k8s.io/api types of the served kinds).
_MERGE_KEYS = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "secrets": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
    "volumesAttached": "name",
}
_MERGED_SETS = frozenset({"finalizers"})


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes a key, everything that is no object replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(target: Any, patch: Any) -> Any:
    """Strategic merge: lists with a merge key are merged element by element; `$patch` directives are obeyed."""
    if not isinstance(patch, dict):
        return patch
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    result = dict(target) if isinstance(target, dict) else {}
    _retain(result, patch.get("$retainKeys"))
    for key, value in patch.items():
        if not key.startswith("$"):
            _set_strategic(result, key, value, patch)
        elif key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            result[field] = [item for item in result.get(field) or () if item not in value]
    return result


def _retain(result: Obj, kept: Any) -> None:
    if isinstance(kept, list):
        for key in [key for key in result if key not in kept]:
            del result[key]


def _set_strategic(result: Obj, key: str, value: Any, patch: Obj) -> None:
    if value is None:
        result.pop(key, None)
    elif isinstance(value, list):
        old = result.get(key) or []
        wanted = patch.get(f"$setElementOrder/{key}")
        result[key] = _ordered(_merged_list(key, old, value), old, wanted if isinstance(wanted, list) else value, key)
    else:
        result[key] = strategic(result.get(key), value)


def _merge_key(field: str, items: list[Any]) -> str | None:
    if field == "ports":  # Container.ports and Service.ports differ in their key
        return "containerPort" if any("containerPort" in item for item in items if isinstance(item, dict)) else "port"
    return _MERGE_KEYS.get(field)


def _merged_list(field: str, old: list[Any], patch: list[Any]) -> list[Any]:
    if field in _MERGED_SETS:
        return [*old, *(item for item in patch if item not in old)]
    key = _merge_key(field, patch)
    if key is None or not all(isinstance(item, dict) for item in (*old, *patch)):
        return patch
    if any(item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    merged = list(old)
    for item in patch:
        _merge_item(merged, key, item)
    return merged


def _merge_item(merged: list[Obj], key: str, item: Obj) -> None:
    if key not in item:
        raise bad_request(f"map: {item} does not contain declared merge key: {key}")
    place = next((i for i, other in enumerate(merged) if other.get(key) == item[key]), None)
    if item.get("$patch") == "delete":
        if place is not None:
            del merged[place]
    elif place is None:
        merged.append(strategic({}, item))
    else:
        merged[place] = strategic(merged[place], item)


def _ordered(merged: list[Any], old: list[Any], wanted: list[Any], field: str) -> list[Any]:
    """`merged` in the order upstream gives it: `wanted` elements in their own order, slotted in among the others
    where both stood in the old list, else before them (strategicpatch normalizeElementOrder)."""
    key = _merge_key(field, wanted)
    if key is None and field not in _MERGED_SETS:
        return merged
    place = {_identity(item, key): i for i, item in enumerate(wanted)}
    before = {_identity(item, key): i for i, item in enumerate(old)}
    ours = sorted((item for item in merged if _identity(item, key) in place), key=lambda i: place[_identity(i, key)])
    others = [item for item in merged if _identity(item, key) not in place]
    result: list[Any] = []
    for item in ours:
        position = before.get(_identity(item, key))
        while others and position is not None and before[_identity(others[0], key)] < position:
            result.append(others.pop(0))
        result.append(item)
    return result + others


def _identity(item: Any, key: str | None) -> str:
    return repr(item.get(key) if isinstance(item, dict) and key else item)


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902. A failed `test` or a missing path is 422, as the API server answers."""
    if not isinstance(operations, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    for operation in operations:
        target = _operate(target, operation)
    return target


def _operate(target: Any, operation: Any) -> Any:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise bad_request("Unexpected kind: unknown: each operation of a JSON patch needs op and path")
    path = _pointer(operation["path"])
    match operation.get("op"):
        case "add":
            return _put(target, path, operation.get("value"), insert=True)
        case "replace":
            _look(target, path)
            return _put(target, path, operation.get("value"), insert=False)
        case "remove":
            return _cut(target, path)
        case "move":
            source = _pointer(operation.get("from", ""))
            return _put(_cut(target, source), path, _look(target, source), insert=True)
        case "copy":
            return _put(target, path, _look(target, _pointer(operation.get("from", ""))), insert=True)
        case "test":
            if _look(target, path) != operation.get("value"):
                raise _rejected(f"testing value {operation['path']} failed")
            return target
    raise bad_request(f"Unexpected kind: {operation.get('op')}")


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _rejected(why: str) -> ApiError:
    causes = [{"reason": "UnexpectedServerResponse", "message": why}]
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, {"causes": causes})


def _index(items: list[Any], part: str, limit: int) -> int:
    if not part.isdigit() or int(part) > limit:
        raise _rejected(f"Unable to access invalid index: {part}")
    return int(part)


def _look(target: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(target, list):
            target = target[_index(target, part, len(target) - 1)]
        elif isinstance(target, dict) and part in target:
            target = target[part]
        else:
            raise _rejected(f"missing path: /{'/'.join(path)}: missing value")
    return target


def _put(target: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(target, list):
        copy = list(target)
        if rest:
            place = _index(copy, head, len(copy) - 1)
            copy[place] = _put(copy[place], rest, value, insert=insert)
        elif insert:
            copy.insert(len(copy) if head == "-" else _index(copy, head, len(copy)), value)
        else:
            copy[_index(copy, head, len(copy) - 1)] = value
        return copy
    if not isinstance(target, dict) or (rest and head not in target):
        raise _rejected(f"missing path: /{'/'.join(path)}: missing value")
    return {**target, head: _put(target.get(head), rest, value, insert=insert)}


def _cut(target: Any, path: list[str]) -> Any:
    _look(target, path)
    head, rest = path[0], path[1:]
    if isinstance(target, list):
        place = int(head)
        return [*target[:place], *([_cut(target[place], rest)] if rest else []), *target[place + 1 :]]
    if rest:
        return {**target, head: _cut(target[head], rest)}
    return {key: value for key, value in target.items() if key != head}
