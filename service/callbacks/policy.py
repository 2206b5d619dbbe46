"""Where calls back may go."""

from service.settings import ApiSettings
from workers.contract.outside.policy import HostPolicy


def callback_policy(settings: ApiSettings) -> HostPolicy:
    """What the settings allow."""
    return HostPolicy.of("callbacks", "PORTRAIT_CALLBACK", settings.callback_hosts, settings.callback_networks)
