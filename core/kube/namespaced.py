"""What the key of an object in a namespace tells. Objects that live in no namespace have their name as key."""


class Namespaced:
    """For structs with a `key` of `namespace/name`; adds nothing to their size."""

    __slots__ = ()

    key: str

    @property
    def namespace(self) -> str:
        """Empty where the key is a bare name."""
        head, slash, _ = self.key.partition("/")
        return head if slash else ""

    @property
    def name(self) -> str:
        head, slash, tail = self.key.partition("/")
        return tail if slash else head
