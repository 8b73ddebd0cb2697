"""The way to Alibaba Cloud that an action has, as far as there is one. The calls themselves are in
core/clients/alibaba."""

from dataclasses import dataclass

from core.clients.alibaba import Reader
from core.clients.alibaba.writer import Writer
from core.errors import Refused


@dataclass(frozen=True)
class Cloud:
    """One account and region. `writer` None: read-only. `cluster`: the ACK cluster's id, "" where nobody says it."""

    reader: Reader
    writer: Writer | None
    cluster: str = ""

    @property
    def region(self) -> str:
        return self.reader.region


def needed(cloud: Cloud | None) -> Cloud:
    """It, or Refused: this action can't do without."""
    if cloud is None:
        raise Refused(
            "the cloud can't be asked: set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET (or --profile), and --region"
        )
    return cloud


def writing(cloud: Cloud | None) -> Writer:
    """What changes the cloud. Raises Refused where nothing may be changed."""
    if (writer := needed(cloud).writer) is None:
        raise Refused("read-only: nothing is changed in the cloud without --write")
    return writer
