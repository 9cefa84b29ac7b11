"""Whose certificates are trusted, and what is wrong with one that is not."""

import ssl
from pathlib import Path

from sygra_eval.values import ModelUnavailable

# OpenSSL's numbers for what it finds (x509_vfy.h), with what a person may do about it.
_ADVICE = {
    9: "it is not valid yet: is this machine's clock right?",
    10: "have it renewed; is this machine's clock right?",
    18: "if it is yours, name its file in `ca_file`",
    19: "if you trust who signed it, name their certificate's file in `ca_file`",
    20: "if you trust who signed it, name their certificate's file in `ca_file`",
    21: "if you trust who signed it, name their certificate's file in `ca_file`",
    62: "write the host in `base_url` as the certificate names it",
    64: "write the host in `base_url` as the certificate names it",
}


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that trusts what this machine does, and a file of authorities beside.

    :raises ModelUnavailable: When the file is none.
    """
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:  # an SSLError is one too
        why = (
            "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        )
        raise ModelUnavailable(f"`ca_file` {ca_file} cannot be used: {why}") from error
    return context


def why_untrusted(address: str, error: ssl.SSLCertVerificationError) -> str:
    """Say what is wrong with a server's certificate, and what to do."""
    told = f"the certificate of {address} is not trusted: {error.verify_message}"
    advice = _ADVICE.get(error.verify_code)
    return told if advice is None else f"{told}; {advice}"
