"""The one bundle of a process that does jobs itself, where the API would ask the workers' presence."""

from workers.contract.errors import UnknownBundleError
from workers.contract.presence import Abilities, Presence
from workers.contract.text import cut


class LoadedBundle(Presence):
    """What the loaded bundle can do."""

    def __init__(self, abilities: Abilities) -> None:
        self._abilities = abilities

    def abilities(self, bundle: str | None = None) -> Abilities:
        """Those of the loaded bundle. Raises UnknownBundleError where another one is meant."""
        loaded = self._abilities.bundle
        if bundle is not None and not loaded.is_meant_by(bundle):
            raise UnknownBundleError(
                f"The bundle {cut(bundle, 80)!r} is not loaded, but {loaded.name}:{loaded.version}; "
                "point PORTRAIT_BUNDLE to the folder of the one that you mean."
            )
        return self._abilities
