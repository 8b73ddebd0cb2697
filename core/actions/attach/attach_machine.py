"""The steps by which a machine joins on a new system disk: stopped, given userdata that joins, its disk replaced,
started. ReplaceSystemDisk loses what was on the old disk; only cloud-init on a new one runs userdata at all."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from core.actions.attach.attach_details import Details
from core.actions.cloud import Cloud, needed, writing
from core.actions.run import Run
from core.actions.step import Step
from core.cluster.cloud import Instance
from core.errors import VacancyError

STOP, SET, REPLACE, START = "stop it", "set its userdata", "replace its system disk", "start it"
CLEAR = "clear its userdata"
CLEARED = "#!/bin/sh\n# a join was begun here by vacancy, and taken back\n"
"""Whether ECS clears userdata that is set to nothing is documented nowhere: a comment does nothing for certain."""
LARGEST = 16 * 1024
"""Bytes of userdata before base64: what the older of ECS's help pages allows."""
GOOD_FOR = 3600
"""Seconds that the token of a join script is good for."""
_SCRIPTS = ("#!", "#cloud-config")
Json = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """One run and the machine that it is about."""

    run: Run
    of: Details

    @property
    def cloud(self) -> Cloud:
        return needed(self.run.cloud)

    async def machine(self) -> Instance:
        """It, as it is now. Raises VacancyError when it is not there any more."""
        found = await self.cloud.reader.ecs.instances([self.of.instance])
        if not found.items:
            raise VacancyError(f"machine {self.of.instance}: ECS has none of that id (any more)")
        return found.items[0]

    async def replaced(self) -> bool:
        """Whether its system disk is another one than before; not, where either isn't told."""
        disk = await system_disk(self.cloud, self.of.instance)
        return bool(disk and self.of.disk) and disk != self.of.disk

    async def marked(self) -> bool:
        """Whether its userdata is what this action has set."""
        found = (await self.cloud.reader.ecs.user_data(self.of.instance)).user_data
        return mark(self.run.plan.id) in found.masked


async def system_disk(cloud: Cloud, instance: str) -> str:
    """The id of a machine's system disk; "" while it has none."""
    answer = await cloud.reader.ecs.ask("describe_disks", instance_id=instance, disk_type="system")
    box = answer.get("Disks")
    rows = box.get("Disk") if isinstance(box, dict) else box
    found = rows[0].get("DiskId") if isinstance(rows, list) and rows and isinstance(rows[0], dict) else None
    return found if isinstance(found, str) else ""


def steps(work: Work) -> list[Step]:
    """From the machine as it is to one that boots from the new disk. Each is over for good once the disk is new."""
    about = work.of.instance
    return [
        Step(STOP, about, lambda: _stopped(work), lambda: _stop(work), before={"status": work.of.was}),
        Step(SET, about, work.marked, lambda: _write(work)),
        Step(REPLACE, about, work.replaced, lambda: _replace(work), before={"disk": work.of.disk}),
        Step(START, about, lambda: _is(work, "Running"), lambda: _start(work)),
    ]


def back(work: Work) -> list[Step]:
    """To the machine as it was, while its disk is the old one; what its userdata was before is not known any more."""
    about = work.of.instance
    found = [
        Step("wait until it stands", about, lambda: _is(work, "Stopped", "Running")),
        Step(CLEAR, about, lambda: _unmarked(work), lambda: _clear(work)),
    ]
    again = Step(START, about, lambda: _is(work, "Running"), lambda: _start(work))
    return [*found, again] if work.of.was == "Running" else found


async def _is(work: Work, *wanted: str) -> bool:
    return (await work.machine()).status in wanted


async def _unmarked(work: Work) -> bool:
    return not await work.marked()


async def _clear(work: Work) -> Json:
    return await writing(work.run.cloud).ecs.set_user_data(
        work.of.instance, base64.b64encode(CLEARED.encode()).decode()
    )


async def _stopped(work: Work) -> bool:
    return (await work.machine()).status == "Stopped" or await work.replaced()


async def _stop(work: Work) -> Json:
    """Not sent again to a machine that is on its way down, or there."""
    if (await work.machine()).status in ("Stopping", "Stopped"):
        return {}
    return await writing(work.run.cloud).ecs.stop(work.of.instance)


async def _write(work: Work) -> Json:
    """The script with its token lives here alone: it is fetched, sent, and forgotten."""
    text = await _script(work)
    encoded = base64.b64encode(text.encode()).decode()
    return await writing(work.run.cloud).ecs.set_user_data(work.of.instance, encoded)


async def _script(work: Work) -> str:
    """What the machine runs at its first boot, with our mark in it. Raises VacancyError for what can't be marked."""
    writer = writing(work.run.cloud)
    if work.of.configuration:
        text = _decoded(await writer.ess.user_data(work.of.configuration))
    else:
        expires = int(work.run.clock.now()) + GOOD_FOR
        command = await writer.cs.attach_script(work.run.plan.cluster, work.of.pool, expires)
        text = f"#!/bin/sh\n{command}\n"
    return with_mark(text, work.run.plan.id)


def with_mark(text: str, plan: str) -> str:
    """The script with a comment by which it is known again. Raises VacancyError for what is no script, or too long."""
    head, _, rest = text.partition("\n")
    if not head.startswith(_SCRIPTS):
        raise VacancyError("the userdata to join with is neither a shell script nor cloud-config: attach by hand")
    whole = f"{head}\n{mark(plan)}\n{rest}"
    if len(whole.encode()) > LARGEST:
        raise VacancyError(
            f"the userdata to join with is longer than the {LARGEST // 1024} KiB that ECS takes for sure"
        )
    return whole


def mark(plan: str) -> str:
    """The comment that stands in userdata which this action has set."""
    return f"# set by vacancy {plan}"


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


async def _replace(work: Work) -> Json:
    token = work.run.token(REPLACE, work.of.instance)
    return await writing(work.run.cloud).ecs.replace_system_disk(work.of.instance, work.of.image, token)


async def _start(work: Work) -> Json:
    """Not sent again to a machine that is on its way up, or there."""
    if (await work.machine()).status in ("Starting", "Running"):
        return {}
    return await writing(work.run.cloud).ecs.start(work.of.instance)
