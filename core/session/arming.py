"""Whether the program may change anything: said on the command line, or in guards.toml for a context. What holds
whoever is armed is in core/actions/guards."""

from dataclasses import replace

from core.where import Where, target


def armed(where: Where) -> Where:
    """The same, armed too when guards.toml says so for the context that it leads to. Raises InputError for a file of
    them that can't be read."""
    if where.write or where.dump is not None:
        return where
    from core.actions import guards

    known = guards.load()
    if not known.armed_contexts:
        return where
    from core.clients.kubernetes.kubeconfig import choose

    chosen = choose(target(where))
    return replace(where, write=chosen is not None and guards.arms(known, chosen.context))
