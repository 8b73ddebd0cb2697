"""Making, releasing and numbering machines for whoever needs one (ESS, the ACK API, the scenario). No wire here."""

import ipaddress
from functools import partial

from sim.cloud.catalogue import TYPES
from sim.cloud.state import FAR, Cloud, Instance, ScalingConfiguration, ScalingGroup, VSwitch

MONTH = 30 * 86400.0


def free_addresses(cloud: Cloud, vswitch: VSwitch) -> int:
    """Addresses left in a vSwitch: its block without the four reserved ones, what pods took, and the machines."""
    machines = sum(machine.vswitch_id == vswitch.id for machine in cloud.instances)
    return max(0, ipaddress.ip_network(vswitch.cidr).num_addresses - 4 - vswitch.taken - machines)


def next_address(cloud: Cloud, vswitch: VSwitch) -> str:
    """The lowest address of the block that no machine has."""
    taken = {machine.ip for machine in cloud.instances if machine.vswitch_id == vswitch.id}
    hosts = (str(address) for address in ipaddress.ip_network(vswitch.cidr).hosts())
    return next(address for address in list(hosts)[2:] if address not in taken)


class Shortage(Exception):
    """No machine can be made: `code` and text as ESS gives them in an activity."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def create(cloud: Cloud, group: ScalingGroup) -> Instance:
    """A new machine by the group's active configuration. Raises Shortage: stock, addresses or the account's quota."""
    configuration = cloud.configurations[group.configuration_id]
    if group.charge_type == "PostPaid" and cloud.quota is not None and _on_demand(cloud) >= cloud.quota:
        text = "The maximum number of Pay-As-You-Go instances is exceeded"
        raise Shortage("QuotaExceeded.AfterpayInstance", text)
    kind, vswitch = _place(cloud, group, configuration)
    machine = _machine(cloud, group, configuration, kind, vswitch)
    if (kind, vswitch.zone) in cloud.stock:
        cloud.stock[kind, vswitch.zone] -= 1
    return cloud.instances.add(machine.id, machine)


def _on_demand(cloud: Cloud) -> int:
    return sum(machine.charge_type == "PostPaid" for machine in cloud.instances)


def _place(cloud: Cloud, group: ScalingGroup, wanted: ScalingConfiguration) -> tuple[str, VSwitch]:
    """The first (type, vSwitch) with stock and room; BALANCE takes the emptiest zone first, PRIORITY the first one."""
    switches = [cloud.vswitches[i] for i in group.vswitch_ids if i in cloud.vswitches]
    if group.multi_az_policy == "BALANCE":
        zones = [
            cloud.instances[m.instance_id].zone for m in cloud.members_of(group.id) if m.instance_id in cloud.instances
        ]
        switches.sort(key=lambda switch: zones.count(switch.zone))
    places = [(kind, switch) for kind in wanted.instance_types for switch in switches]
    stocked = [(kind, switch) for kind, switch in places if cloud.stock.get((kind, switch.zone), 1) > 0]
    if not stocked:
        kinds = ", ".join(wanted.instance_types)
        raise Shortage("OperationDenied.NoStock", f"The requested resource is sold out in the specified zone: {kinds}")
    for kind, switch in stocked:
        if free_addresses(cloud, switch) > 0:
            return kind, switch
    full = ", ".join(dict.fromkeys(switch.id for _, switch in stocked))
    raise Shortage("InvalidVSwitchId.IpNotEnough", f"The specified VSwitch {full} has not enough IpAddress")


def _machine(
    cloud: Cloud, group: ScalingGroup, configuration: ScalingConfiguration, kind: str, vswitch: VSwitch
) -> Instance:
    address = next_address(cloud, vswitch)
    tags = (*configuration.tags, ("acs:autoscaling:scalingGroupId", group.id))
    return Instance(
        id=cloud.ids.resource("i"),
        name=f"worker-k8s-for-cs-{address.replace('.', '-')}",
        type=kind,
        zone=vswitch.zone,
        vswitch_id=vswitch.id,
        vpc_id=vswitch.vpc_id,
        ip=address,
        charge_type=group.charge_type,
        spot_strategy=configuration.spot_strategy,
        spot_price_limit=dict(configuration.spot_price_limits).get(kind, 0.0),
        created=cloud.now(),
        expires=FAR if group.charge_type == "PostPaid" else cloud.now() + MONTH,
        image_id=configuration.image_id,
        disk_id=cloud.ids.resource("d"),
        disk_size=configuration.disk_size,
        security_groups=configuration.security_groups,
        tags=tags,
        user_data=configuration.user_data,
        key_pair=configuration.key_pair,
    )


def release(cloud: Cloud, instance_id: str, policy: str) -> None:
    """Give a machine back, or stop it where the policy recycles."""
    if policy in ("recycle", "forcerecycle"):
        cloud.instances.change(instance_id, status="Stopped", stopped_mode="StopCharging")
        return
    cloud.instances.change(instance_id, status="Stopping")
    cloud.agenda.after(3.0, partial(_released, cloud, instance_id))


def _released(cloud: Cloud, instance_id: str) -> None:
    machine = cloud.instances.drop(instance_id)
    if machine is not None and (machine.type, machine.zone) in cloud.stock:
        cloud.stock[machine.type, machine.zone] += 1


def memory_mib(machine: Instance) -> int:
    return int(TYPES[machine.type].memory_gib * 1024)
