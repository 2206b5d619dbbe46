"""What needs a package that is not installed says which, in one sentence, before anything starts."""

from __future__ import annotations

import sys

import pytest

from workers.contract.blobs import open_file_system
from workers.contract.errors import MissingPackageError
from workers.contract.tracing import ENDPOINTS, begin, configure_tracing, current_traceparent, span


@pytest.mark.parametrize(
    ("url", "package", "extra"), [("s3://bucket/x", "s3fs", "s3"), ("gs://bucket", "gcsfs", "gcs")], ids=["s3", "gcs"]
)
def test_a_bucket_names_the_extra(monkeypatch: pytest.MonkeyPatch, url: str, package: str, extra: str) -> None:
    monkeypatch.setattr(sys.modules["fsspec.registry"], "_registry", {})  # what was loaded before
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"PORTRAIT_STORAGE_URL.*pirenderer-service\[{extra}\]"):
        open_file_system(url)


def test_an_unknown_protocol_is_named() -> None:
    with pytest.raises(MissingPackageError, match="PORTRAIT_STORAGE_URL begins with nowhere://"):
        open_file_system("nowhere://bucket")


@pytest.mark.parametrize("variable", ENDPOINTS)
def test_traces_without_their_packages_name_the_extra(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(MissingPackageError, match=r"pirenderer-service\[tracing\]"):
        configure_tracing("portrait-api")


def test_without_an_endpoint_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ENDPOINTS:
        monkeypatch.delenv(variable, raising=False)
    configure_tracing("portrait-api")
    with span("work") as work:
        work.describe(size=1)
        assert current_traceparent() is None
    begin("more").end()
