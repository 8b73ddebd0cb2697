"""ECS 2014-05-26: instances, power, userdata, Cloud Assistant, the catalogue and the network."""
