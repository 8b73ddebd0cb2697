"""A kubeconfig exec plugin: prints an ExecCredential with a fresh short-lived token (`REFRESHING` in identities.py).

Its argument is a JSON file {"uid", "key", "seconds"}; each call appends its time to that file's name + `.calls`.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

from tests.controlplane.identities import Account


def main(settings_file: str) -> None:
    settings = json.loads(Path(settings_file).read_text())
    seconds = float(settings["seconds"])
    now = datetime.datetime.now(datetime.UTC)
    with Path(settings_file + ".calls").open("a") as calls:
        calls.write(f"{now.isoformat()}\n")
    expires = (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = Account(settings["uid"], Path(settings["key"])).token(seconds)
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": token, "expirationTimestamp": expires},
    }
    print(json.dumps(credential))


if __name__ == "__main__":
    main(sys.argv[1])
