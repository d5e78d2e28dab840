"""A runtime whose every answer a test decides by itself, and which remembers what it was asked."""

import contextlib
import http.server
import threading


def json_answer(body, status=200):
    return status, {"Content-Type": "application/json"}, body


class FakeRuntime:
    """`answer` gets the request (path, headers) and returns status, headers and body. It runs on other threads. With
    an SSLContext, which may be changed between connections, it speaks TLS."""

    def __init__(self, answer, context=None):
        self.requests = []  # (path, headers in lower case)
        self.context = context

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(handler):  # pylint: disable=no-self-argument
                request = (handler.path, {name.lower(): value for name, value in handler.headers.items()})
                self.requests.append(request)
                status, headers, body = answer(request)
                handler.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    handler.send_header(name, value)
                with contextlib.suppress(OSError):  # a client may have had enough
                    handler.end_headers()
                    handler.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(server, request, client_address):  # pylint: disable=no-self-argument
                pass  # a client that resets its connection is what some tests are about

            def get_request(server):  # pylint: disable=no-self-argument
                sock, client = super().get_request()
                return (self.context.wrap_socket(sock, server_side=True) if self.context else sock), client

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
