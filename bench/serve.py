#!/usr/bin/env python3
"""yanxing serve against llama-server: the same GGUF, threads, slots and context, the same requests, in one run.

    bench/serve.py --model ~/.local/share/yanxing/models/qwen2.5-0.5b/model.gguf --peer $(scripts/setup.sh --peer | tail -1)

Each client sends its requests one after the other, streams them, and notes when the first token and the last came.
`shared`: all begin with the same long system message; `mixed`: short and long prompts that have nothing in common.
A JSON line a run, and with --rounds the medians of each at the end. The servers take turns at who is first, so that other
work on the machine hits both; what counts is the ratio. Needs no packages.
"""
import argparse
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

WORDS = ("river stone window garden paper lamp engine market winter letter copper bridge silver orange mountain "
         "table morning basket circle harbour forest candle pepper village island").split()


def prose(rng, words):
    return " ".join(rng.choice(WORDS) for _ in range(words))


def requests_of(kind, clients, each):
    rng = random.Random(7)
    shared = "You answer briefly. Keep to these notes: " + prose(rng, 800)  # about 1,000 tokens
    plan = []
    for client in range(clients):
        own = []
        for number in range(each):
            question = f"Question {client}-{number}: what is {rng.choice(WORDS)}?"
            if kind == "shared":
                messages = [{"role": "system", "content": shared}, {"role": "user", "content": question}]
            else:
                size = rng.choice([10, 40, 150, 500])
                messages = [{"role": "user", "content": prose(rng, size) + "\n" + question}]
            own.append(messages)
        plan.append(own)
    return plan


def ask(url, messages, tokens):
    body = json.dumps({"model": "light", "messages": messages, "max_tokens": tokens, "temperature": 0, "seed": 1,
                       "stream": True, "ignore_eos": True, "stream_options": {"include_usage": True}}).encode()
    request = urllib.request.Request(url + "/v1/chat/completions", body, {"Content-Type": "application/json"})
    started, first, written = time.monotonic(), None, 0
    with urllib.request.urlopen(request, timeout=1200) as answer:
        for line in answer:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if event.get("usage"):
                written = event["usage"]["completion_tokens"]
            if first is None and event.get("choices") and event["choices"][0]["delta"].get("content"):
                first = time.monotonic()
    return (first or time.monotonic()) - started, written


def run(url, kind, clients, each, tokens):
    plan = requests_of(kind, clients, each)
    waits, counts, lock = [], [], threading.Lock()

    def client(own):
        for messages in own:
            wait, written = ask(url, messages, tokens)
            with lock:
                waits.append(wait)
                counts.append(written)

    started = time.monotonic()
    threads = [threading.Thread(target=client, args=(own,)) for own in plan]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    waits.sort()
    return {"requests": len(waits), "seconds": round(seconds, 2), "tokens_per_s": round(sum(counts) / seconds, 2),
            "first_token_p50_s": round(statistics.median(waits), 2),
            "first_token_p95_s": round(waits[min(len(waits) - 1, int(0.95 * len(waits)))], 2)}


def start_ours(options):
    words = [options.yanxing, "serve", "--model", options.model, "--large", "none", "--port", "0", "--json", "--slots",
             str(options.slots), "--context", str(options.context), "--threads", str(options.threads)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, json.loads(process.stdout.readline())["url"]


def start_peer(options):
    log = tempfile.NamedTemporaryFile("w+", suffix=".log", delete=False)
    words = [os.path.join(options.peer, "llama-server"), "-m", options.model, "--port", "18431", "-np",
             str(options.slots), "-c", str(options.context), "-t", str(options.threads), "--no-webui"]
    process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)
    url = "http://127.0.0.1:18431"
    for _ in range(600):
        try:
            urllib.request.urlopen(url + "/health", timeout=2)
            return process, url
        except OSError:
            if process.poll() is not None:
                sys.exit("llama-server ended: " + log.name)
            time.sleep(0.2)
    sys.exit("llama-server does not answer: " + log.name)


def main():
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--peer", help="folder with llama-server; without it only ours is measured")
    parser.add_argument("--yanxing", default=os.path.join(here, "build/release/yanxing"))
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--requests", type=int, default=2, help="of each client")
    parser.add_argument("--tokens", type=int, default=32, help="written in each answer")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--context", type=int, default=16384)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    servers = [("yanxing", start_ours)] + ([("llama-server", start_peer)] if options.peer else [])
    results = {}
    for number in range(options.rounds):
        for kind in ("shared", "mixed"):
            for clients in options.clients:
                for name, start in servers[::1 if number % 2 == 0 else -1]:
                    # A server of its own for each run: nobody begins with the other's cache.
                    process, url = start(options)
                    try:
                        result = run(url, kind, clients, options.requests, options.tokens)
                    finally:
                        process.send_signal(signal.SIGTERM)
                        process.wait(60)
                    load = float(re.match(r"\S+", open("/proc/loadavg").read()).group())
                    results.setdefault((kind, clients, name), []).append(result)
                    print(json.dumps({"server": name, "prompts": kind, "clients": clients, **result, "load": load}), flush=True)
    if options.rounds > 1:
        for (kind, clients, name), rounds in sorted(results.items()):
            medians = {field: statistics.median(one[field] for one in rounds) for field in rounds[0]}
            print(json.dumps({"median_of": len(rounds), "server": name, "prompts": kind, "clients": clients, **medians}))


if __name__ == "__main__":
    main()
