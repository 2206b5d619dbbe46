"""Which files workers fetch, where requests name them by URL."""

from workers.contract.outside.policy import HostPolicy
from workers.contract.settings import Settings


def fetch_policy(settings: Settings) -> HostPolicy:
    """What the settings allow."""
    return HostPolicy.of("files by URL", "PORTRAIT_FETCH", settings.fetch_hosts, settings.fetch_networks)
