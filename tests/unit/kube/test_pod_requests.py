"""What a pod books, rule by rule."""

from typing import Any

from tests.unit.kube.pods import container, pod


def requests(spec: dict[str, Any], status: dict[str, Any] | None = None) -> dict[str, int]:
    return pod(spec=spec, status=status).shape.requests


def test_containers_add_up() -> None:
    spec = {"containers": [container(requests={"cpu": "250m", "memory": "1Gi"}), container("d", {"cpu": "1"})]}
    assert requests(spec) == {"cpu": 1250, "memory": 2**30}


def test_the_largest_moment_of_initialisation_counts() -> None:
    spec = {
        "containers": [container(requests={"cpu": "1", "memory": "1Gi"})],
        "initContainers": [container("i", {"cpu": "3"}), container("j", {"memory": "512Mi"})],
    }
    assert requests(spec) == {"cpu": 3000, "memory": 2**30}


def test_a_sidecar_runs_beside_everything_after_it() -> None:
    sidecar = container("s", {"cpu": "200m"}, restartPolicy="Always")
    before, after = container("before", {"cpu": "1"}), container("after", {"cpu": "1"})
    assert requests(
        {"containers": [container(requests={"cpu": "500m"})], "initContainers": [before, sidecar, after]}
    ) == {"cpu": 1200}
    assert requests({"containers": [container(requests={"cpu": "2"})], "initContainers": [before, sidecar, after]}) == {
        "cpu": 2200
    }


def test_overhead_comes_on_top_of_requests_and_of_limits_that_are_set() -> None:
    made = pod(
        spec={
            "containers": [container(requests={"cpu": "1"}, limits={"cpu": "2"})],
            "overhead": {"cpu": "100m", "memory": "64Mi"},
        }
    )
    assert made.shape.requests == {"cpu": 1100, "memory": 64 * 2**20}
    assert made.shape.limits == {"cpu": 2100}


def test_pod_level_resources_replace_the_sum() -> None:
    spec = {
        "containers": [container(requests={"cpu": "1", "nvidia.com/gpu": "1"})],
        "resources": {"requests": {"cpu": "4", "memory": "2Gi"}},
    }
    assert requests(spec) == {"cpu": 4000, "nvidia.com/gpu": 1, "memory": 2**31}


def test_a_request_defaults_to_the_limit() -> None:
    assert requests({"containers": [container(limits={"cpu": "1"})]}) == {"cpu": 1000}


def test_a_resize_in_progress_books_the_largest_of_wish_grant_and_reality() -> None:
    spec = {"containers": [container(requests={"cpu": "1", "memory": "1Gi"})]}
    running = {
        "name": "c",
        "allocatedResources": {"cpu": "2"},
        "resources": {"requests": {"cpu": "500m", "memory": "2Gi"}},
    }
    assert requests(spec, {"containerStatuses": [running]}) == {"cpu": 2000, "memory": 2**31}


def test_an_infeasible_resize_does_not_book_its_wish() -> None:
    spec = {"containers": [container(requests={"cpu": "64"})]}
    running = {"name": "c", "allocatedResources": {"cpu": "2"}, "resources": {"requests": {"cpu": "2"}}}
    refused = [{"type": "PodResizePending", "status": "True", "reason": "Infeasible"}]
    assert requests(spec, {"containerStatuses": [running], "conditions": refused}) == {"cpu": 2000}
    assert requests(spec, {"containerStatuses": [running], "resize": "Infeasible"}) == {"cpu": 2000}


def test_every_resource_counts() -> None:
    wanted = {"cpu": "1", "ephemeral-storage": "1Gi", "hugepages-2Mi": "4Mi", "nvidia.com/gpu": "2"}
    assert requests({"containers": [container(requests=wanted)]}) == {
        "cpu": 1000,
        "ephemeral-storage": 2**30,
        "hugepages-2Mi": 4 * 2**20,
        "nvidia.com/gpu": 2,
    }
