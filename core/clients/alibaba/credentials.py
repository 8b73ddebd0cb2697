"""Credentials from the link of the chain that settings found, through the SDKs' own providers. Runs in a worker thread;
imports the SDK. Nothing here is ever printed."""

from collections.abc import Mapping
from typing import Any

from core.clients.alibaba.settings import Chain, Settings


def client(settings: Settings, env: Mapping[str, str]) -> Any:
    """An `alibabacloud_credentials` client; what is wrong with the credentials shows at the first call."""
    from alibabacloud_credentials.client import Client

    return Client(provider=_provider(settings, env))


def _provider(settings: Settings, env: Mapping[str, str]) -> Any:
    from alibabacloud_credentials import provider

    match settings.chain:
        case Chain.ENVIRONMENT:
            return _from_environment(provider, env)
        case Chain.OIDC:
            return provider.OIDCRoleArnCredentialsProvider()
        case Chain.PROFILE:
            return provider.CLIProfileCredentialsProvider(profile_name=settings.profile, profile_file=settings.file)
        case Chain.FILE:
            return provider.ProfileCredentialsProvider(profile_name=settings.profile, profile_file=settings.file)
        case Chain.METADATA:
            return provider.EcsRamRoleCredentialsProvider()
        case Chain.URI:
            return provider.URLCredentialsProvider()


def _from_environment(provider: Any, env: Mapping[str, str]) -> Any:
    """As EnvironmentVariableCredentialsProvider, which reads the variables only once, when it is imported."""
    key, secret = env["ALIBABA_CLOUD_ACCESS_KEY_ID"], env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    if token := env.get("ALIBABA_CLOUD_SECURITY_TOKEN"):
        return provider.StaticSTSCredentialsProvider(access_key_id=key, access_key_secret=secret, security_token=token)
    return provider.StaticAKCredentialsProvider(access_key_id=key, access_key_secret=secret)
