"""The annotations of pods that any decision reads. All others, large or different on every pod, are not kept."""

import msgspec

from core.kube.interning import EMPTY, Interner, Shared, share
from core.kube.pod import MIRROR_ANNOTATION

_AUTOSCALER = "cluster-autoscaler.kubernetes.io"
_ECI = "k8s.aliyun.com/eci-"
KEPT = (
    f"{_AUTOSCALER}/safe-to-evict",
    f"{_AUTOSCALER}/safe-to-evict-local-volumes",
    f"{_AUTOSCALER}/daemonset-pod",
    f"{_AUTOSCALER}/enable-ds-eviction",
    f"{_AUTOSCALER}/pod-scale-up-delay",
    MIRROR_ANNOTATION,
    "controller.kubernetes.io/pod-deletion-cost",
    "goatscaler.io/safe-to-evict",
    "goatscaler.io/provision-task-id",
    "goatscaler.io/reschedule-deadline",
    "alibabacloud.com/burst-resource",
    "apps.kruise.io/matched-workloadspread",
    "vacancy/owner",
    "vacancy/eci-mute",
    "vacancy/notify",
    *(
        _ECI + name
        for name in (
            "instance-id", "instance-spec", "instance-cpu", "instance-mem", "instance-zone", "request-id",
            "use-specs", "spot-strategy", "spot-price-limit", "compute-category",
        )
    ),
    "k8s.aliyun.com/eci-instance-compute-category",
)  # fmt: skip

Annotations = msgspec.defstruct(
    "Annotations",
    [(f"a{index}", str | None, msgspec.field(default=None, name=key)) for index, key in enumerate(KEPT)],
    omit_defaults=True,
    gc=False,
    frozen=True,
)
"""The kept annotations as a wire type: the decoder skips all others."""

_NONE = Annotations()
_shared: Interner[Shared] = Interner()


def kept(found: msgspec.Struct | None) -> Shared:
    """The kept annotations as a shared map."""
    if found is None or found == _NONE:
        return EMPTY
    content: dict[str, str] = msgspec.to_builtins(found)
    return share(_shared, content)
