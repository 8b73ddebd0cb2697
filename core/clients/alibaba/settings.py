"""What the environment says about the cloud: whose credentials, which region, which endpoints. Files are read for their
shape only; no secret leaves this module, and no SDK is imported. How credentials are made is in credentials."""

import configparser
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import InputError

PRODUCTS = ("ess", "ecs", "cs")
_ACCESS_KEY = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
_OIDC = ("ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE")
_REGION = ("ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_REGION", "ALICLOUD_REGION")
_COMMAND_MODES = ("External", "OAuth")
"""Profile modes that run a command or rewrite the profile file when they are used."""


class Chain(StrEnum):
    """The links of the standard credential chain, in its order (alibabacloud_credentials.provider.default)."""

    ENVIRONMENT = "environment"
    OIDC = "oidc"
    PROFILE = "profile"
    FILE = "credentials file"
    METADATA = "instance metadata"
    URI = "credentials URI"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where credentials come from, and what else was found. Holds no secret."""

    chain: Chain
    said_by: str
    """One phrase for a person: `the environment`, `profile 'ops' of ~/.aliyun/config.json`."""
    profile: str = ""
    file: str = ""
    region: str = ""
    """The region that the settings name; the nodes may know better (see `choose_region`)."""
    region_said_by: str = ""
    endpoints: Mapping[str, "Endpoint"] = field(default_factory=dict)
    metadata: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a product answers, when that is not its public address."""

    address: str
    """host:port"""
    protocol: str


def find(env: Mapping[str, str], home: Path, profile: str = "") -> Settings | None:
    """The first link of the credential chain that is there; None when nothing is set up.

    `profile` is the one a person asked for by flag, which comes before everything else. Raises InputError when it
    does not exist, and for an endpoint that is none.
    """
    found = _find(env, home, profile)
    if found is None:
        return None
    region = next(((env[name], f"${name}") for name in _REGION if env.get(name)), (found.region, found.said_by))
    return Settings(
        chain=found.chain,
        said_by=found.said_by,
        profile=found.profile,
        file=found.file,
        region=region[0],
        region_said_by=region[1] if region[0] else "",
        endpoints={name: end for name in PRODUCTS if (end := _endpoint(env, f"VACANCY_{name.upper()}_ENDPOINT"))},
        metadata=_metadata_wanted(env),
    )


def _find(env: Mapping[str, str], home: Path, profile: str) -> Settings | None:
    config, asked = home / ".aliyun" / "config.json", profile or env.get("ALIBABA_CLOUD_PROFILE", "")
    if profile:
        return _profile(config, profile, asked=True) or _no_profile(config, profile)
    if all(env.get(name) for name in _ACCESS_KEY):
        return Settings(Chain.ENVIRONMENT, f"the environment (${_ACCESS_KEY[0]})")
    if all(env.get(name) for name in _OIDC):
        return Settings(Chain.OIDC, f"the service account's OIDC token (${_OIDC[2]})")
    if env.get("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "").lower() != "true" and config.is_file():
        found = _profile(config, asked, asked=bool(asked)) or _credentials_file(env, home, asked)
        return found or _far_credentials(env) or (_no_profile(config, asked) if asked else None)
    return _credentials_file(env, home, asked) or _far_credentials(env)


def _no_profile(config: Path, name: str) -> Settings:
    raise InputError(f"{config}: has no profile {name!r}; see `aliyun configure list`")


def _far_credentials(env: Mapping[str, str]) -> Settings | None:
    if _metadata_wanted(env):
        return Settings(Chain.METADATA, "the RAM role of this ECS instance", metadata=True)
    if env.get("ALIBABA_CLOUD_CREDENTIALS_URI"):
        return Settings(Chain.URI, "$ALIBABA_CLOUD_CREDENTIALS_URI")
    return None


def _metadata_wanted(env: Mapping[str, str]) -> bool:
    """The role of the instance is used only when asked for: elsewhere each attempt costs seconds."""
    named = bool(env.get("ALIBABA_CLOUD_ECS_METADATA"))
    return named or env.get("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "").lower() == "false"


def _profile(config: Path, name: str, asked: bool) -> Settings | None:
    """A profile of the aliyun CLI, None when there is none of that name. An empty name means its current one."""
    content = _json(config)
    wanted = name or str(content.get("current") or "")
    profiles = content.get("profiles")
    for entry in profiles if isinstance(profiles, list) else ():
        if not isinstance(entry, dict) or entry.get("name") != wanted:
            continue
        mode = str(entry.get("mode") or "")
        if mode in _COMMAND_MODES and not asked:
            raise InputError(
                f"{config}: profile {wanted!r} ({mode}) runs a command: name it with --profile to allow that"
            )
        said_by = f"profile {wanted!r} of {config}"
        metadata = mode == "EcsRamRole"
        return Settings(
            Chain.PROFILE, said_by, wanted, str(config), str(entry.get("region_id") or ""), metadata=metadata
        )
    return None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; run `aliyun configure`, or leave --profile out") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: is not JSON; run `aliyun configure` again") from None
    return content if isinstance(content, dict) else {}


def _credentials_file(env: Mapping[str, str], home: Path, name: str) -> Settings | None:
    """The SDKs' own file; Python reads only the name that ends in .ini."""
    path = Path(env.get("ALIBABA_CLOUD_CREDENTIALS_FILE") or home / ".alibabacloud" / "credentials.ini")
    section, parser = name or "default", configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        return None
    if section not in parser:
        return None
    return Settings(Chain.FILE, f"section {section!r} of {path}", section, str(path))


def _endpoint(env: Mapping[str, str], name: str) -> Endpoint | None:
    """`host:port`, `http://host:port` or `https://host`. Without TLS only on loopback."""
    text = env.get(name, "").strip()
    if not text:
        return None
    parts = urlsplit(text if "://" in text else f"//{text}")
    loopback = is_loopback(parts.hostname or "")
    scheme = parts.scheme or ("http" if loopback else "https")
    if not parts.hostname or parts.path.strip("/") or scheme not in ("http", "https"):
        raise InputError(f"${name}: {text[:80]!r} is no endpoint; write host:port")
    if scheme == "http" and not loopback:
        raise InputError(f"${name}: plain http is for loopback only; write https://{parts.netloc}")
    return Endpoint(parts.netloc, scheme)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def choose_region(flag: str, of_nodes: Iterable[str], settings: Settings) -> tuple[str, str]:
    """The region to ask, and who said so. The cluster's own nodes know better than a profile's default.

    Raises InputError when nobody knows.
    """
    if flag:
        return flag, "--region"
    if regions := Counter(region for region in of_nodes if region):
        region, nodes = regions.most_common(1)[0]
        return region, f"{nodes} nodes are there"
    if settings.region:
        return settings.region, settings.region_said_by
    raise InputError("the cloud's region is not known: give --region, or set region_id in the profile")
