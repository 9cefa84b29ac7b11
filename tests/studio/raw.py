"""A request as bytes on a socket: what no browser and no client library would send."""

import socket
import time

SECONDS = 60


def asked(port, request, *, then=b"", wait_s=0.0):
    """Send bytes, and further ones after a while; return (status, headers, body) of the answer.

    Status 0: the connection was closed without one.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as line:
        line.sendall(request)
        if wait_s:
            time.sleep(wait_s)
        if then:
            line.sendall(then)
        return read(line)


def read(line):
    """Read one answer, as long as it says that it is."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = line.recv(65_536)
        if not piece:
            return 0, [], b""
        got += piece
    told, _, body = got.partition(b"\r\n\r\n")
    first, *lines = told.decode("latin-1").split("\r\n")
    headers = [
        (name.lower(), value.strip()) for name, _, value in (one.partition(":") for one in lines)
    ]
    length = int(dict(headers).get("content-length", "0"))
    while len(body) < length:
        piece = line.recv(65_536)
        if not piece:
            break
        body += piece
    return int(first.split(" ")[1]), headers, body


def head(method, target, *headers):
    """Make a request's head; nothing is added, escaped or put right."""
    return "\r\n".join((f"{method} {target} HTTP/1.1", *headers, "", "")).encode("latin-1")
