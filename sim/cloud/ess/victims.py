"""Which members a scale-in takes, and which machines are released when they leave."""

from sim.cloud.state import Cloud, Member, ScalingGroup


def choose(cloud: Cloud, group: ScalingGroup, count: int) -> list[str]:
    """By the removal policies in order; protected and standby members are never taken."""
    members = [m for m in cloud.members_of(group.id) if m.state in ("InService", "Stopped")]
    for policy in reversed(group.removal_policies):
        members.sort(key=lambda member: _key(policy, group, member))
    return [member.instance_id for member in members[:count]]


def _key(policy: str, group: ScalingGroup, member: Member) -> float:
    if policy == "OldestInstance":
        return member.joined
    if policy == "NewestInstance":
        return -member.joined
    if policy == "OldestScalingConfiguration":
        return float(member.configuration_id == group.configuration_id)
    return 0.0


def is_released(cloud: Cloud, group: ScalingGroup, member: Member) -> bool:
    """Machines that the group made or was entrusted with are released; subscription machines never are."""
    machine = cloud.instances.get(member.instance_id)
    owned = member.creation == "AutoCreated" or member.entrusted
    return machine is not None and owned and machine.charge_type == "PostPaid"
