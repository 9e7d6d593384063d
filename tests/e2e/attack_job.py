"""What bad clients do to a server: attack_job.py YANXING ASSETS. After each attack it must still answer a good one.

Needs no packages. Exits with 77 (a skipped test) where the smallest model is not installed.
"""
import base64
import json
import os
import random
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import time

yanxing = sys.argv[1]
models = os.environ.get("YANXING_MODELS") or os.path.expanduser("~/.local/share/yanxing/models")
model = os.path.join(models, "smollm2-135m/model.gguf")
if not os.path.exists(model):
    print("skipped: smollm2-135m is not installed: yanxing pull smollm2-135m")
    sys.exit(77)
folder = tempfile.mkdtemp()
server = subprocess.Popen(
    [yanxing, "serve", "--port", "0", "--json", "--large", "none", "--model", model, "--slots", "2", "--context", "4096"],
    stdout=subprocess.PIPE, text=True,
    env={**os.environ, "OMP_WAIT_POLICY": "passive", "YANXING_STATE": folder, "YANXING_CONFIG": folder})
port = int(json.loads(server.stdout.readline())["url"].rsplit(":", 1)[1])
failed = 0
chat = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}


def check(what, holds, shown=""):
    global failed
    failed += 0 if holds else 1
    print(("ok   " if holds else "FAIL ") + what + (f": {shown}" if shown else ""), flush=True)


def connect(timeout=60):
    return socket.create_connection(("127.0.0.1", port), timeout)


def head(path="/v1/chat/completions", *lines, method="POST"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def status_of(raw, wait=60):
    """The status that some bytes are answered with; 0: the connection was closed without a word."""
    with connect(wait) as connection:
        try:
            connection.sendall(raw)
            answer = connection.recv(65536)
        except OSError:
            return 0
        return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def post(body, path="/v1/chat/completions"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status_of(head(path, "Content-Type: application/json", f"Content-Length: {len(data)}", "Connection: close") + data)


def lives(after):
    started = time.monotonic()
    status = post(chat)
    check(f"answers after {after}", server.poll() is None and status == 200, f"{status}, {time.monotonic() - started:.1f} s")


def malformed():
    deep = b'{"messages":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    user = lambda content: {"messages": [{"role": "user", "content": content}], "max_tokens": 2}
    schema = lambda value: {**chat, "response_format": {"type": "json_schema", "json_schema": {"schema": value}}}
    tool = lambda value: {**chat, "tools": value}
    bodies = [b"", b"{", b"null", b"[]", b"\xff\xfe\x00", b'{"messages":"\xc3\x28"}', deep, b'{"a":1e999}', b"{}" * 1000,
              {"messages": {}}, {"messages": [1]}, {"messages": [{}]}, user(5), user([5]), user([{"type": "image_url"}]),
              user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]),
              {**chat, "max_tokens": "many"}, {**chat, "temperature": "hot"}, {**chat, "n": -1}, {**chat, "n": 10**12},
              {**chat, "stop": {"a": 1}}, {**chat, "logit_bias": {"x": "y"}}, {**chat, "stream": "yes"},
              {**chat, "seed": 2**70}, {**chat, "top_logprobs": 10**9, "logprobs": True}, {**chat, "grammar": "root ::= "},
              {**chat, "grammar": 'root ::= root "a" | root'}, schema({"type": "strange"}), schema({"$ref": "#/a"}),
              schema({"pattern": "^(a+)+$", "type": "string"}), schema(5), tool([1]), tool([{"type": "function"}]), tool({}),
              tool([{"type": "function", "function": {"name": "", "parameters": {"type": "object"}}}]),
              tool([{"type": "function", "function": {"name": 5}}]),
              tool([{"type": "function", "function": {"name": 'a"]\n::= b', "parameters": {"type": "object"}}}]),
              tool([{"type": "function", "function": {"name": "f", "parameters": {"$ref": "#/x"}}}]),
              {**chat, "tool_choice": "whatever", "tools": []}, {**chat, "chat_template_kwargs": {"a": [1, {}]}}]
    answers = [post(body) for body in bodies]
    odd = [(bodies[i] if len(str(bodies[i])) < 200 else "long", status) for i, status in enumerate(answers)
           if status not in (200, 400)]
    check("malformed bodies have an answer", not odd, str(odd))
    for path in ("/v1/completions", "/v1/responses", "/v1/messages", "/v1/embeddings", "/v1/decide", "/tokenize",
                 "/v1/audio/speech", "/v1/audio/transcriptions"):
        answers = {post(body, path) for body in (b"{", b"\xff", deep, b"[]", b"{}", b'{"input":{},"prompt":{},"messages":5}')}
        check("malformed bodies of " + path, answers <= {200, 400, 415, 422}, str(answers))


def no_way_out():
    """What a grammar wants is forbidden: the request may fail, but not the others."""
    form = {"response_format": {"type": "json_schema", "json_schema": {"schema": {
        "type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": False}}}}
    answers = [post({**chat, **form, "max_tokens": 40, "ignore_eos": True}),
               post({**chat, **form, "max_tokens": 40, "logit_bias": {str(token): False for token in range(300)}}),
               post({**chat, **form, "max_tokens": 40, "logit_bias": [[token, -1e30] for token in range(300)]})]
    check("a grammar that may not go on", answers == [200, 200, 200], str(answers))


def http():
    check("2 GB announced", status_of(head("/v1/chat/completions", "Content-Length: 2147483648")) == 413)
    check("10^30 bytes announced", status_of(head("/v1/chat/completions", "Content-Length: " + "9" * 30)) in (400, 413))
    check("a negative length", status_of(head("/v1/chat/completions", "Content-Length: -5")) in (400, 413))
    check("an endless header", status_of(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000) in (0, 400, 414, 431))
    check("no HTTP at all", status_of(bytes(range(256)) * 8) in (0, 400))
    check("a long path", status_of(head("/" + "a" * 100_000, method="GET")) in (0, 400, 404, 414))
    chunked = head("/v1/chat/completions", "Transfer-Encoding: chunked")
    check("a bad chunk", status_of(chunked + b"zz\r\n") in (0, 400))
    check("a chunk of 2^63 bytes", status_of(chunked + b"7fffffffffffffff\r\nabc", 30) in (0, 400, 413))


def slow():
    drips = [connect() for _ in range(50)]
    for drip in drips:
        drip.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    lives("50 slow clients began")
    time.sleep(12)
    ended = 0
    for drip in drips:
        drip.settimeout(5)
        try:
            ended += drip.recv(100) != b""  # an answer that its time is over, or
        except ConnectionError:
            ended += 1
        except OSError:
            continue
        drip.close()
    check("slow clients are sent away", ended >= 45 or all(d.fileno() < 0 for d in drips), str(ended))


def leave():
    body = json.dumps({**chat, "max_tokens": 3000, "stream": True, "ignore_eos": True}).encode()
    for _ in range(6):  # three times the slots
        with connect() as connection:
            connection.sendall(head("/v1/chat/completions", f"Content-Length: {len(body)}") + body)
            connection.recv(300)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    unread = connect()  # reads nothing and does not go
    unread.sendall(head("/v1/chat/completions", f"Content-Length: {len(body)}") + body)
    started = time.monotonic()
    status = post(chat)
    check("the slots of who left are free", status == 200 and time.monotonic() - started < 30,
          f"{time.monotonic() - started:.1f} s")
    unread.close()


def frames():
    key = base64.b64encode(os.urandom(16)).decode()
    rng = random.Random(5)
    shake = head("/v1/realtime?model=light", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + key, method="GET")

    def frame(opcode, data, masked=True, length=None, fin=0x80):
        size = len(data) if length is None else length
        first = bytes([fin | opcode])
        bit = 0x80 if masked else 0
        first += bytes([bit | size]) if size < 126 else (bytes([bit | 126]) + struct.pack(">H", size) if size < 65536
                                                         else bytes([bit | 127]) + struct.pack(">Q", size))
        return first + (b"\0\0\0\0" if masked else b"") + data

    def noise(count):
        return bytes(rng.randrange(256) for _ in range(count))

    attacks = [frame(1, b"{"), frame(1, b"\xff\xfe"), frame(1, b"[" * 100_000), frame(2, noise(500)), frame(1, b"{}", False),
               frame(1, b"a", length=2**62), frame(1, b"a", length=2**31), frame(9, b"a" * 126), frame(8, b"\x03"),
               frame(3, b"reserved"), frame(0, b"no beginning"), frame(1, b"a", fin=0) * 1000, frame(0x71 & 0x7f, b"rsv"),
               frame(1, b'{"type":"input_audio_buffer.append","audio":"!!!"}'), frame(1, b'{"type":5}'),
               frame(1, b'{"type":"session.update","session":5}'), frame(1, b'{"type":"response.create","response":[]}'),
               frame(1, b'{"type":"conversation.item.create","item":{"type":"message","content":{"a":1}}}'),
               *[frame(1, b'{"type":"session.update","session":' + noise(30) + b"}") for _ in range(20)],
               *[noise(rng.randrange(1, 200)) for _ in range(60)]]
    for attack in attacks:
        with connect(10) as connection:
            try:
                connection.sendall(shake)
                answer = connection.recv(4096)
                if b" 101 " not in answer:
                    check("WebSocket opens", False, str(answer[:100]))
                    return
                connection.sendall(attack)
                connection.settimeout(0.2)
                connection.recv(4096)
            except OSError:
                pass
    check("fuzzed WebSocket frames", server.poll() is None, str(len(attacks)))


def idle():
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    crowd = [connect() for _ in range(500)]
    lives("500 idle connections")
    for one in crowd:
        one.close()


def main():
    for attack in (malformed, no_way_out, http, slow, leave, frames, idle):
        try:
            attack()
        except Exception as broken:  # noqa: BLE001
            check(attack.__name__, False, repr(broken)[:300])
        lives(attack.__name__)
        if server.poll() is not None:
            print(f"FAIL the server ended: {server.returncode}")
            sys.exit(1)
    server.terminate()
    check("ends when told to", server.wait(30) == 0)
    sys.exit(1 if failed else 0)


try:
    main()
finally:
    server.kill()
