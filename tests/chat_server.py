"""A server of the tests that speaks OpenAI's protocol for chats, and fails where it is told to."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ChatServer:
    """Answers what ``answer(prompt)`` returns, after the ``faults``, which are taken one by one.

    A fault is a status, ``cut`` (the connection ends in the middle), ``nonsense`` (no JSON), ``page`` (HTML) or
    ``empty`` (JSON that is no answer). ``asked`` holds the requests that were answered, ``seen`` all of them.
    """

    def __init__(self):
        self.answer = lambda prompt: "joy"
        self.faults = []
        self.asked, self.seen, self.keys = [], [], []
        self.lock = threading.Lock()
        self.before = lambda prompt: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.respond(self, request)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def times_asked(self):
        """How often each prompt was answered."""
        return Counter(request["messages"][-1]["content"] for request in self.asked)

    def respond(self, handler, request):
        prompt = request["messages"][-1]["content"]
        with self.lock:
            self.seen.append(request)
            self.keys.append(handler.headers["authorization"])
            fault = self.faults.pop(0) if self.faults else None
        self.before(prompt)
        content = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": f"{request['model']}-2026",
            "system_fingerprint": "fp1",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": self.answer(prompt)},
                    "logprobs": {"content": [{"token": "x", "logprob": -0.5, "bytes": None, "top_logprobs": []}] * 2}
                    if request.get("logprobs")
                    else None,
                }
            ],
            "usage": {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22},
        }
        body, kind, status = json.dumps(content), "application/json", 200
        if fault == "filtered":
            body, status = json.dumps({"error": {"message": "not that", "code": "content_filter"}}), 400
        elif isinstance(fault, int):
            body, status = json.dumps({"error": {"message": f"fault {fault}"}}), fault
        elif fault == "nonsense":
            body = body[:40]
        elif fault == "page":
            body, kind = "<html>busy</html>", "text/html"
        elif fault == "empty":
            body = json.dumps({"choices": []})
        if fault is None:
            with self.lock:
                self.asked.append(request)
        handler.send_response(status)
        handler.send_header("content-type", kind)
        handler.send_header("content-length", str(len(body) + (100 if fault == "cut" else 0)))
        handler.send_header("retry-after-ms", "1")
        handler.end_headers()
        handler.wfile.write(body.encode())
        if fault == "cut":
            handler.close_connection = True
