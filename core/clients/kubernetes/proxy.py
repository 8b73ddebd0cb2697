"""Which proxy leads to a server: HTTPS_PROXY, HTTP_PROXY and NO_PROXY by Go's rules (golang.org/x/net/http/httpproxy),
which kubectl follows; aiohttp's own reading of them knows no address ranges."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_for(url: str, env: Mapping[str, str]) -> str | None:
    """The proxy's URL, None to connect directly."""
    parts = urlsplit(url)
    names = ("HTTPS_PROXY", "https_proxy") if parts.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    proxy = next((env[name] for name in names if env.get(name)), None)
    no_proxy = env.get("NO_PROXY") or env.get("no_proxy") or ""
    if not proxy or _direct(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), no_proxy):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _direct(host: str, port: int, no_proxy: str) -> bool:
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(host, address, port, entry.strip().lower()) for entry in no_proxy.split(",") if entry.strip())


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _matches(host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdecimal() and ":" not in name:
        if int(wanted) != port:
            return False
        entry = name
    if entry.startswith(("*.", ".")):
        return host.endswith(entry.lstrip("*"))
    return host == entry.strip("[]") or host.endswith("." + entry)
