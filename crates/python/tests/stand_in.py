"""A store of a few lines, to be killed: `stand_in.py PORT FILE` keeps what it is sent, and loses every fifth reply."""

import http.server
import os
import sys


class Store(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "plimsoll-station-stand-in", ""
    requests = 0

    def do_GET(self):
        self.answer(200, b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        os.write(kept, body)
        Store.requests += 1
        if Store.requests % 5 == 0:
            # It has the rows, and nobody is told.
            self.close_connection = True
            return
        self.answer(204, b"")

    def answer(self, status, body):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    kept = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Store)
    print("ready", flush=True)
    server.serve_forever()
