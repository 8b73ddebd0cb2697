"""What somebody wants to try out, as plain data: a wish is a verb and its words, `("expand", "web", "2")`. What each
verb means is in core/analysis/what_if/wishes; how the answer reads is in what_if."""

from collections.abc import Sequence

import msgspec

from core.errors import InputError, one_line
from core.views.table import ViewKey

Wish = tuple[str, ...]
KIND = "what-if"
MOST_WISHES, MOST_WORDS = 50, 2_000
_FORM = msgspec.json.Decoder(tuple[tuple[str, ...], ...])


def view_key(wishes: Sequence[Wish]) -> ViewKey:
    """The view that shows what these wishes would change, one after the other."""
    return ViewKey(KIND, msgspec.json.encode(wishes).decode())


def wishes_of(name: str) -> tuple[Wish, ...]:
    """The wishes in the name of a view key. Raises InputError for anything else."""
    try:
        wishes = _FORM.decode(name)
    except msgspec.MsgspecError as error:
        raise InputError(f"what-if {one_line(name, 60)}: these are no wishes ({error})") from error
    if not wishes or not all(wishes) or len(wishes) > MOST_WISHES or max(map(len, wishes)) > MOST_WORDS:
        raise InputError(f"what-if: between 1 and {MOST_WISHES} changes, each of at most {MOST_WORDS} words")
    return wishes


def stepped(wish: Wish, by: int) -> Wish | None:
    """The same with so many nodes more or fewer, one at least; None for a wish that has no number of nodes."""
    if wish[0] not in ("expand", "expand-for") or len(wish) != 3 or not wish[2].isdecimal():
        return None
    return (wish[0], wish[1], str(max(1, int(wish[2][:6]) + by)))


_ABOUT = {
    "nodes": "drain", "node": "drain", "scale-in": "drain",
    "groups": "expand", "group": "expand",
    "pending": "expand-for", "pending-class": "expand-for",
}  # fmt: skip


def asks_about(view: str) -> bool:
    """Whether the rows of this kind of view, or its object, can be asked about."""
    return view in _ABOUT


def wishes_about(view: str, ids: Sequence[str]) -> tuple[Wish, ...]:
    """What a key asks about these rows of a view, or about its object: nodes are drained, a group grows by one, a class
    of waiting pods gets a node of the first group that fits."""
    verb = _ABOUT[view]
    return (("drain", *ids),) if verb == "drain" else tuple((verb, one, "1") for one in ids[:MOST_WISHES])
