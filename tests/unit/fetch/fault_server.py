"""A real http server on loopback that misbehaves on purpose."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """How one request is answered; the defaults are those of a good server.

    cut_after: bytes of this answer after which the connection is dropped; stall_after: bytes after which
    nothing more comes; hold_after: bytes after which the rest waits for the server's `go_on`; length: a false
    Content-Length; unsized: no length at all, the connection's end is the file's; validators: whether ETag and
    Last-Modified are sent; pace: bytes per second, at most.
    """

    status: int = 200
    ranges: bool = True
    if_range: bool = True
    cut_after: int | None = None
    stall_after: int | None = None
    hold_after: int | None = None
    length: int | None = None
    chunked: bool = False
    unsized: bool = False
    validators: bool = True
    location: str | None = None
    pace: float | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Resource:
    """One path: its bytes, and the replies of the first requests; `usual` answers all later ones."""

    body: bytes
    etag: str | None = '"v1"'
    last_modified: str | None = None
    replies: list[Reply] = field(default_factory=list)
    usual: Reply = field(default_factory=Reply)


@dataclass(frozen=True)
class Request:
    """One request as the server saw it."""

    path: str
    host: str
    headers: dict[str, str]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append(Request(self.path, self.headers["Host"], dict(self.headers)))
        resource = self.server.resources.get(path)
        if resource is None:
            self._error(404)
            return
        reply = resource.replies.pop(0) if resource.replies else resource.usual
        if reply.status != 200:
            self._error(reply.status, reply)
            return
        self._send(resource, reply)

    def _error(self, status: int, reply: Reply | None = None) -> None:
        self.send_response(status)
        if reply and reply.location:
            self.send_header("Location", reply.location)
        for name, value in (reply.headers if reply else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, resource: Resource, reply: Reply) -> None:
        body, start = resource.body, self._start(resource, reply)
        if start > 0 and start >= len(body):
            self._error(416, Reply(headers={"Content-Range": f"bytes */{len(body)}"}))
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        for name, value in (("ETag", resource.etag), ("Last-Modified", resource.last_modified)):
            if value and reply.validators:
                self.send_header(name, value)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        length = len(body) - start if reply.length is None else reply.length
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.unsized:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self._write(body[start:], reply)

    def _start(self, resource: Resource, reply: Reply) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not asked or not reply.ranges:
            return 0
        condition = self.headers.get("If-Range")
        if reply.if_range and condition not in (None, resource.etag, resource.last_modified):
            return 0
        return int(asked[1])

    def _write(self, body: bytes, reply: Reply) -> None:
        end = min(x for x in (len(body), reply.cut_after, reply.stall_after) if x is not None)
        try:
            for at in range(0, end, 1 << 14):
                block = body[at : min(at + (1 << 14), end)]
                if reply.hold_after is not None and at >= reply.hold_after:
                    self.server.go_on.wait(600)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if reply.chunked else block)
                if reply.pace:
                    time.sleep(len(block) / reply.pace)
            if reply.stall_after is not None:
                self.server.stopping.wait(600)
            elif reply.chunked and reply.cut_after is None:
                self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        if end < len(body) or reply.length is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


class FaultServer(ThreadingHTTPServer):
    """`with FaultServer() as server:` serves `server.resources` and records `server.requests`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.resources: dict[str, Resource] = {}
        self.requests: list[Request] = []
        self.stopping, self.go_on = threading.Event(), threading.Event()

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_address[1]}{path}"

    def put(self, path: str, body: bytes, *replies: Reply, **settings: object) -> str:
        """Serve `body` at `path`; returns the address."""
        self.resources[path] = Resource(body, replies=list(replies), **settings)
        return self.url(path)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that vanish are what is being tested."""

    def __enter__(self) -> FaultServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.go_on.set()
        self.shutdown()
        self.server_close()
