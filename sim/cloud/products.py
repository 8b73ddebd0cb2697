"""Every product's handlers, imported so that their actions stand in the table."""

import sim.cloud.cs.attach
import sim.cloud.cs.clusters
import sim.cloud.cs.events
import sim.cloud.cs.nodes
import sim.cloud.cs.pools
import sim.cloud.cs.tasks
import sim.cloud.ecs.assistant
import sim.cloud.ecs.catalogue
import sim.cloud.ecs.disks
import sim.cloud.ecs.instances
import sim.cloud.ecs.network
import sim.cloud.ecs.power
import sim.cloud.ecs.userdata
import sim.cloud.ess.activities
import sim.cloud.ess.configurations
import sim.cloud.ess.groups
import sim.cloud.ess.hooks
import sim.cloud.ess.members
import sim.cloud.ess.rules
import sim.cloud.ess.scaling
import sim.cloud.ess.strength  # noqa: F401
from sim.cloud.actions import ACTIONS

__all__ = ["ACTIONS"]
