"""A private certificate authority made for one run, and the TLS that services speak with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    import trustme

HOSTS = ("127.0.0.1", "::1", "localhost")
"""The names that the services' certificate is good for."""

CA_FILE_NAME = "bedrock-authcheck-ca.pem"


class CertificateStoreError(OSError):
    """The folder for the certificates cannot be written."""


@dataclass(frozen=True, slots=True)
class CertificateStore:
    """What the two sides of TLS need.

    `ca_file` is a PEM file with the authority's certificate, for clients (AWS_CA_BUNDLE,
    SSL_CERT_FILE, NODE_EXTRA_CA_CERTS). `context` is for servers; it offers h2 and http/1.1.
    No private key is on the disk: that of the `authority` is in memory, for an interceptor.
    """

    ca_file: Path
    context: ssl.SSLContext
    authority: trustme.CA = field(repr=False)


def create_certificate_store(directory: Path) -> CertificateStore:
    """Make an authority and a certificate for `HOSTS`; write the former to `directory`.

    The folder is created when it is missing. Raises CertificateStoreError when it, or a file
    in it, cannot be written; no file is left behind then.
    """
    import ssl  # noqa: PLC0415 - the plugin may load this module, never these libraries

    import trustme  # noqa: PLC0415 - as above: it imports cryptography

    authority = trustme.CA()
    certificate = authority.issue_cert(*HOSTS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.num_tickets = 0  # nobody resumes a session here; saves a write in each handshake
    ca_file = directory / CA_FILE_NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # The ssl module reads a key from a file only; this one is gone when the block ends.
        with certificate.private_key_and_cert_chain_pem.tempfile(str(directory)) as path:
            context.load_cert_chain(path)
        authority.cert_pem.write_to_path(ca_file)
    except OSError as error:
        with suppress(OSError):
            ca_file.unlink()  # half a file would be taken for the whole
        reason = error.strerror or type(error).__name__
        msg = f"the certificate store {directory} cannot be written: {reason}"
        raise CertificateStoreError(msg) from error
    return CertificateStore(ca_file, context, authority)
