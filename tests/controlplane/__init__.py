"""A real Kubernetes on loopback for tests: the programs, their launcher, identities, helpers and the tests on it.

No containers and no cloud; what vacancy itself does is tested by the modules named after its own packages.
"""
