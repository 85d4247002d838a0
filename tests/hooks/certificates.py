"""A certificate authority of a test's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CA_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA of a test")])
LOOPBACK = x509.IPAddress(IPv4Address("127.0.0.1"))


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """The authority.

    :param folder: where the files are
    :param ca: its certificate, a PEM file
    """

    folder: Path
    ca: Path
    ca_key: ec.EllipticCurvePrivateKey

    def sign(
        self,
        name: str,
        names: Sequence[x509.GeneralName] = (LOOPBACK,),
        *,
        ends: timedelta = timedelta(days=1),
        passphrase: bytes | None = None,
    ) -> Pair:
        """Sign a certificate for a new key.

        :param name: of the files
        :param names: that the certificate is for
        :param ends: when it is not valid any more, from now on
        :param passphrase: that the key is encrypted with
        """
        made, key = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key"), _new_key()
        builder = _certificate(x509.Name([]), key.public_key(), self.ca_key.public_key(), ca=False, ends=ends)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
        made.certificate.write_bytes(_pem(builder.sign(self.ca_key, hashes.SHA256())))
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase:
            encryption = serialization.BestAvailableEncryption(passphrase)
        form = serialization.PrivateFormat.PKCS8
        made.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
        return made


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePublicKey,
    *,
    ca: bool,
    ends: timedelta = timedelta(days=1),
) -> x509.CertificateBuilder:
    end = datetime.now(UTC) + ends
    return (
        x509.CertificateBuilder(CA_NAME, subject, key, x509.random_serial_number(), end - timedelta(days=2), end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
        .add_extension(_usage(ca=ca), critical=True)
    )


def made_in(folder: Path) -> Authority:
    """Make an authority in a folder."""
    made = Authority(folder, folder / "ca.pem", _new_key())
    public = made.ca_key.public_key()
    made.ca.write_bytes(_pem(_certificate(CA_NAME, public, public, ca=True).sign(made.ca_key, hashes.SHA256())))
    return made
