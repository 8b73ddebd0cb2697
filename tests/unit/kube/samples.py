"""One usual object of every kind, as an API server sends it (or a dump holds it, for our own kinds)."""

from typing import Any

Object = dict[str, Any]

WHEN = "2026-01-15T12:00:00Z"
META: Object = {
    "name": "a",
    "namespace": "ns",
    "uid": "u-1",
    "resourceVersion": "7",
    "labels": {"app": "web"},
    "annotations": {"note": "x"},
    "creationTimestamp": WHEN,
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "o", "uid": "u-2", "controller": True}],
}
CLUSTER_META: Object = {key: value for key, value in META.items() if key not in ("namespace", "ownerReferences")}
AMOUNTS = {"cpu": "1500m", "memory": "2Gi"}
SELECTOR: Object = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["front"]}],
}
POD_SPEC: Object = {
    "nodeName": "n1",
    "containers": [
        {
            "name": "c",
            "image": "registry/app:1",
            "args": ["--v=1"],
            "resources": {"requests": AMOUNTS, "limits": AMOUNTS},
            "ports": [{"containerPort": 80, "hostPort": 8080, "protocol": "TCP"}],
        }
    ],
    "initContainers": [{"name": "i", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]
            }
        },
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone", "labelSelector": SELECTOR}]
        },
    },
    "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoSchedule"}],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
    "volumes": [{"name": "v", "emptyDir": {}}, {"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
    "overhead": {"cpu": "50m"},
    "priority": 5,
    "priorityClassName": "high",
}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC}


def _workload(**spec: Any) -> Object:
    status = {"replicas": 3, "readyReplicas": 2}
    return {"metadata": META, "spec": {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE, **spec},
            "status": status}  # fmt: skip


def _budget() -> Object:
    spec = {"selector": SELECTOR, "minAvailable": "50%", "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    status = {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3}
    return {"metadata": META, "spec": spec, "status": status}


GENERIC = {"metadata": META, "spec": {"a": {"b": [1]}}, "status": {"phase": "x"}, "data": {"key": "value"}}
NODE: Object = {
    "metadata": {**CLUSTER_META, "labels": {"alibabacloud.com/nodepool-id": "np1"}},
    "spec": {
        "providerID": "cn-hangzhou.i-bp1abc",
        "unschedulable": True,
        "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}],
    },
    "status": {
        "capacity": {"cpu": "4", "memory": "16Gi", "pods": "110", "nvidia.com/gpu": "1"},
        "allocatable": {"cpu": "3900m", "memory": "15Gi", "pods": "110", "nvidia.com/gpu": "1"},
        "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": WHEN}],
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
        "nodeInfo": {"kubeletVersion": "v1.35.0", "osImage": "Alibaba Cloud Linux", "architecture": "amd64"},
    },
}

BY_KIND: dict[str, Object] = {
    "Node": NODE,
    "Pod": {
        "metadata": {**META, "deletionTimestamp": WHEN, "deletionGracePeriodSeconds": 30},
        "spec": POD_SPEC,
        "status": {
            "phase": "Running",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "m"}],
            "containerStatuses": [
                {
                    "name": "c",
                    "restartCount": 2,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "allocatedResources": AMOUNTS,
                    "resources": {"requests": AMOUNTS},
                }
            ],
            "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}],
        },
    },
    "NodeMetrics": {"metadata": CLUSTER_META, "timestamp": WHEN, "window": "30s", "usage": AMOUNTS},
    "PodMetrics": {"metadata": META, "timestamp": WHEN, "containers": [{"name": "c", "usage": AMOUNTS}]},
    "DaemonSet": {**_workload(), "status": {"currentNumberScheduled": 3, "numberReady": 2}},
    **dict.fromkeys(("ReplicaSet", "Deployment", "StatefulSet", "CloneSet"), _workload()),
    "ReplicationController": _workload(selector={"app": "web"}),
    "Job": {"metadata": META, "spec": {"parallelism": 2, "template": TEMPLATE}, "status": {"active": 1}},
    "CronJob": {
        "metadata": META,
        "spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}},
        "status": {"active": [{"name": "a-1"}]},
    },
    **dict.fromkeys(("PodDisruptionBudget", "PodUnavailableBudget"), _budget()),
    "PersistentVolumeClaim": {
        "metadata": META,
        "spec": {
            "volumeName": "pv",
            "storageClassName": "fast",
            "accessModes": ["ReadWriteOnce"],
            "selector": SELECTOR,
            "resources": {"requests": {"storage": "20Gi"}},
        },
        "status": {"phase": "Bound"},
    },
    "PersistentVolume": {
        "metadata": CLUSTER_META,
        "spec": {
            "capacity": {"storage": "20Gi"},
            "claimRef": {"namespace": "ns", "name": "data", "uid": "u-3"},
            "csi": {"driver": "diskplugin.csi.alibabacloud.com", "volumeHandle": "d-1"},
            "nodeAffinity": {
                "required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]}
            },
        },
        "status": {"phase": "Bound"},
    },
    "StorageClass": {
        "metadata": {**CLUSTER_META, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "diskplugin.csi.alibabacloud.com",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}],
    },
    "CSINode": {
        "metadata": CLUSTER_META,
        "spec": {"drivers": [{"name": "d", "allocatable": {"count": 15}}, {"name": "unlimited"}]},
    },
    "CSIDriver": {"metadata": CLUSTER_META, "spec": {"storageCapacity": True}},
    "CSIStorageCapacity": {
        "metadata": META,
        "storageClassName": "fast",
        "nodeTopology": SELECTOR,
        "capacity": "100Gi",
        "maximumVolumeSize": "10Gi",
    },
    "VolumeAttachment": {
        "metadata": CLUSTER_META,
        "spec": {"attacher": "d", "nodeName": "n1", "source": {"persistentVolumeName": "pv"}},
    },
    "Event": {
        "metadata": META,
        "type": "Warning",
        "reason": "FailedScheduling",
        "message": "0/3 nodes are available",
        "source": {"component": "default-scheduler"},
        "count": 4,
        "firstTimestamp": WHEN,
        "lastTimestamp": "2026-01-15T12:05:00Z",
        "involvedObject": {"kind": "Pod", "namespace": "ns", "name": "p", "uid": "u-4"},
    },
    **dict.fromkeys(
        ("Namespace", "ConfigMap", "HorizontalPodAutoscaler", "VerticalPodAutoscaler", "WorkloadSpread",
         "ElasticWorkload"),
        GENERIC,
    ),
    "NodeGroup": {
        "metadata": {"name": "asg-1"},
        "spec": {
            "displayName": "web",
            "nodePoolId": "np1",
            "minSize": 1,
            "maxSize": 5,
            "nodes": ["n1"],
            "templates": [{"metadata": {"labels": {"a": "b"}}, "spec": {}, "status": {"capacity": AMOUNTS}}],
            "options": {"scaleDownUtilizationThreshold": 0.5},
        },
    },
    "AutoscalerPolicy": {"metadata": {"name": "default"}, "spec": {"expander": "least-waste"}},
}  # fmt: skip
