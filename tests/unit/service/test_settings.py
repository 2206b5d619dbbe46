import pytest

from service.embedded.settings import EmbeddedSettings
from service.settings import ApiSettings


def test_lists_come_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTRAIT_API_KEYS", "one, two,")
    monkeypatch.setenv("PORTRAIT_CORS_ORIGINS", "https://a.example")
    settings = ApiSettings()
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]
    assert settings.cors_origins == ("https://a.example",)


def test_nothing_is_required_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORTRAIT_API_KEYS", "PORTRAIT_CORS_ORIGINS", "PORTRAIT_RATE_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    settings = ApiSettings()
    assert (settings.api_keys, settings.cors_origins, settings.rate_limit) == ((), (), 0)
    assert settings.host == "127.0.0.1", "a service without keys listens on this machine only"


def test_proxies_are_addresses_or_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTRAIT_TRUSTED_PROXIES", "10.0.0.7, 192.168.0.0/16, ::1")
    assert ApiSettings().trusted_proxies == ("10.0.0.7", "192.168.0.0/16", "::1")
    monkeypatch.setenv("PORTRAIT_TRUSTED_PROXIES", "192.168.0.0/160")
    with pytest.raises(ValueError, match="160"):
        ApiSettings()


def test_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTRAIT_API_KEYS", "hush-hush")
    assert "hush" not in repr(ApiSettings())


@pytest.mark.parametrize("settings", [ApiSettings, EmbeddedSettings])
def test_every_setting_says_what_it_is(settings: type[ApiSettings]) -> None:
    for name, field in settings.model_fields.items():
        assert (field.description or "").endswith("."), name
