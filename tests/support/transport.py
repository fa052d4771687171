"""How the test phone reaches the server: one UDP socket, or one TCP connection and a listener for calls back."""

import socket
import threading

from support import sip


def _family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Udp:
    name = "UDP"

    def __init__(self, server, address, on_message):
        self._server = server
        self._socket = socket.socket(_family(address), socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._on_message = on_message
        self.address, self.port = self._socket.getsockname()[:2]
        self._closed = False
        threading.Thread(target=self._read, daemon=True).start()

    def point_at(self, server):
        self._server = server

    def send(self, data, to=None):
        self._socket.sendto(data, to or self._server)

    def _read(self):
        self._socket.settimeout(0.2)
        while not self._closed:
            try:
                data, source = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                continue
            except OSError:
                return
            if data.strip():
                self._on_message(sip.parse(data), lambda out, source=source: self.send(out, source))

    def close(self):
        self._closed = True
        self._socket.close()


class Tcp:
    name = "TCP"

    def __init__(self, server, address, on_message):
        self._on_message = on_message
        self._closed = False
        self._listener = socket.create_server((address, 0), family=_family(address))
        self.address, self.port = self._listener.getsockname()[:2]
        self._main = socket.create_connection(server, timeout=10)
        self._main.settimeout(None)
        self._connections = [self._main]
        threading.Thread(target=self._read, args=(self._main,), daemon=True).start()
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, data, to=None):
        self._main.sendall(data)

    def drop(self):
        """Tears the connection off, without a word."""
        self._main.close()

    def _accept(self):
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        buffer = b""
        while not self._closed:
            try:
                data = connection.recv(65536)
            except OSError:
                return
            if not data:
                return
            buffer += data
            while True:
                message, buffer = sip.split_stream(buffer)
                if message is None:
                    break
                self._on_message(sip.parse(message), connection.sendall)

    def close(self):
        self._closed = True
        for one in [self._listener, *self._connections]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
