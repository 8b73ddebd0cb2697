"""Machine types and prices of the simulated region. Figures are invented, but of the size that real ones have."""

from dataclasses import dataclass

ZONES = ("cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-j")
CURRENCY = "CNY"


@dataclass(frozen=True, slots=True)
class MachineType:
    name: str
    cpu: int
    memory_gib: float
    hour: float
    """Pay-as-you-go price an hour."""
    month: float
    """Subscription price a month."""
    spot: float
    """Spot price an hour, now."""
    gpu: int = 0
    gpu_spec: str = ""
    gpu_memory_gib: float = 0.0

    @property
    def family(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def gpu_label(self) -> str:
        """The value of `aliyun.accelerator/nvidia_name`."""
        return self.gpu_spec.replace("NVIDIA ", "Tesla-").replace(" ", "-") if self.gpu else ""


_LIST = (
    MachineType("ecs.c7.xlarge", 4, 8, 0.79, 331, 0.18),
    MachineType("ecs.c7.2xlarge", 8, 16, 1.58, 662, 0.36),
    MachineType("ecs.c7.4xlarge", 16, 32, 3.16, 1324, 0.71),
    MachineType("ecs.g7.large", 2, 8, 0.51, 214, 0.11),
    MachineType("ecs.g7.xlarge", 4, 16, 1.02, 428, 0.21),
    MachineType("ecs.g7.2xlarge", 8, 32, 2.04, 856, 0.43),
    MachineType("ecs.g7.4xlarge", 16, 64, 4.08, 1712, 0.86),
    MachineType("ecs.r7.xlarge", 4, 32, 1.33, 559, 0.28),
    MachineType("ecs.r7.2xlarge", 8, 64, 2.66, 1118, 0.56),
    MachineType("ecs.g8y.xlarge", 4, 16, 0.83, 349, 0.17),
    MachineType("ecs.gn6i-c4g1.xlarge", 4, 15, 8.68, 3645, 2.6, 1, "NVIDIA T4", 16),
    MachineType("ecs.gn7i-c16g1.4xlarge", 16, 60, 16.9, 7098, 5.1, 1, "NVIDIA A10", 24),
)
TYPES = {kind.name: kind for kind in _LIST}
