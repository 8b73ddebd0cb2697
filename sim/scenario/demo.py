"""The demo cluster `shop-prod`: all its parts in order, and the list of what it contains."""

from sim.cloud.state import Cloud
from sim.kube.registry import Registry
from sim.scenario import base, machines, peak, serverless, shop
from sim.scenario.elastic import Elastic
from sim.scenario.planted import Planted
from sim.scenario.stage import Stage
from sim.scenario.workloads import Workloads
from sim.world.machines import Machines


def build(cloud: Cloud, registry: Registry, guests: Machines) -> Planted:
    """Fill an empty cloud and an empty registry."""
    machines.network(cloud)
    cluster = machines.cluster(cloud)
    stage = Stage(cloud, registry, guests, cluster.id)
    works = Workloads(stage)
    base.lay(stage)
    fleet = machines.fleet(stage)
    system = fleet.pools["system"]
    base.system(stage, works, [*fleet.ecs, fleet.external, fleet.unknown], system)
    blocked = shop.lay(stage, works, fleet)
    pending = peak.lay(stage, works, fleet)
    serverless.lay(stage, works, fleet)
    cases = Elastic(stage, works, fleet).lay()
    spot, gpu = fleet.pools["spot"], fleet.pools["gpu"]
    origins = {
        "autoscaled": [*fleet.pools["web"][3:], *fleet.pools["memory"], *gpu, *spot],
        "expanded": [*fleet.pools["web"][:3], *system[:3], *fleet.pools["batch"]],
        "attached-auto": [fleet.attached_auto],
        "attached-manual": list(fleet.attached_manual),
        "external": [fleet.external],
        "unknown": [fleet.unknown],
        "virtual": [fleet.virtual],
    }
    stage.silence(fleet.pools["batch"][2], 120)
    candidates, silent = [spot[0], spot[3], gpu[1]], [fleet.pools["batch"][2]]
    return Planted(blocked, pending, cases, origins, candidates, silent, peaks=[("shop", "checkout", 5)])
