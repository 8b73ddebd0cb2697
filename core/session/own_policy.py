"""The person's own settings of the autoscaler, where the cluster doesn't show them: `policy.toml`. What else says
something, and what wins, is in core/policy/discovery."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import InputError, one_line

VARIABLE, FILE = "VACANCY_POLICY", "policy.toml"


def own_policy() -> Mapping[str, Any]:
    """The keys of an AutoscalerPolicy, from $VACANCY_POLICY, else from policy.toml in the configuration folder; empty
    where there is none. Raises InputError for a file that can't be read."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else _default()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not named:
            return {}
        raise InputError(f"{VARIABLE}={one_line(named, 80)}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {one_line(str(error))}; write keys of an AutoscalerPolicy, expander = ...") from None


def _default() -> Path:
    from platformdirs import user_config_path  # here, because start-up must not pay for it

    return user_config_path("vacancy", appauthor=False) / FILE
