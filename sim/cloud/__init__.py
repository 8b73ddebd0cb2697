"""The Alibaba Cloud half of the simulator: ESS, ECS and CS (ACK) OpenAPI on loopback over one shared state."""
