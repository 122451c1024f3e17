from __future__ import annotations

import ssl
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from bedrock_authcheck.services.tls import (
    CA_FILE_NAME,
    HOSTS,
    CertificateStoreError,
    create_certificate_store,
)

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_authcheck.services.tls import CertificateStore


def _handshake(
    server: ssl.SSLContext, client: ssl.SSLContext, host: str
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Shake hands in memory."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    calling = client.wrap_bio(to_client, to_server, server_hostname=host)
    waiting = [calling, serving]
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
    return serving, calling


@pytest.mark.parametrize("host", HOSTS)
def test_a_client_that_trusts_the_file_accepts_each_name(
    store: CertificateStore, host: str
) -> None:
    trust = ssl.create_default_context(cafile=str(store.ca_file))
    _, calling = _handshake(store.context, trust, host)
    assert calling.getpeercert()


def test_another_name_is_refused(store: CertificateStore) -> None:
    trust = ssl.create_default_context(cafile=str(store.ca_file))
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(store.context, trust, "bedrock-runtime.us-east-1.amazonaws.com")


def test_a_client_that_does_not_trust_the_file_refuses(store: CertificateStore) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(store.context, ssl.create_default_context(), "localhost")


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [(["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), (["http/1.1"], "http/1.1")],
)
def test_http2_is_agreed_on_where_the_client_offers_it(
    store: CertificateStore, offered: list[str], agreed: str
) -> None:
    trust = ssl.create_default_context(cafile=str(store.ca_file))
    trust.set_alpn_protocols(offered)
    serving, _ = _handshake(store.context, trust, "127.0.0.1")
    assert serving.selected_alpn_protocol() == agreed


def test_only_the_certificate_of_the_authority_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    store = create_certificate_store(tmp_path / "new" / "folder")
    assert store.ca_file == tmp_path / "new" / "folder" / CA_FILE_NAME
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [store.ca_file]
    text = store.ca_file.read_text()
    assert text.count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE KEY" not in text


def test_two_runs_do_not_trust_each_other(store: CertificateStore, tmp_path: Path) -> None:
    other = create_certificate_store(tmp_path)
    trust = ssl.create_default_context(cafile=str(other.ca_file))
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(store.context, trust, "localhost")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(CertificateStoreError) as raised:
        create_certificate_store(in_the_way / "store")
    assert isinstance(raised.value, OSError)
    assert str(raised.value) == (
        f"the certificate store {in_the_way / 'store'} cannot be written: Not a directory"
    )
    assert [path.name for path in tmp_path.rglob("*")] == ["file"]


def test_a_file_that_cannot_be_written_leaves_no_key(tmp_path: Path) -> None:
    (tmp_path / CA_FILE_NAME).mkdir()
    with pytest.raises(CertificateStoreError, match="cannot be written: Is a directory"):
        create_certificate_store(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == [CA_FILE_NAME]


def test_the_module_imports_nothing_heavy() -> None:
    heavy = {"ssl", "trustme", "cryptography", "h2", "h11"}
    program = (
        "import sys, bedrock_authcheck.services.tls, bedrock_authcheck.services.http;"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
