#!/usr/bin/env python3
"""End of speech → action dispatched: yanxing against the sequential peer on the same weights, in one run.

The peer is what one builds from the same parts today: whisper.cpp's command line on the recording, then llama-server with
the decision's JSON schema (the server is warm, its prompt cache on), then the executor, which costs nothing here. Both get
the same recordings, actions, contacts and screen; both run dry. The turns alternate, so that a drifting machine hits both.

  scripts/setup.sh --peer && python3 bench/turn.py --rounds 5

With --live the peer is left out and the recordings are played into 'yanxing listen' in real time, as from a microphone: end of
speech → action dispatched as a user has it, the wait for silence included.

  python3 bench/turn.py --live --rounds 5
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCREEN = {"size": [1280, 800], "app": "LibreOffice Calc", "title": "预算表.xlsx", "elements": [
    {"id": "current_table", "kind": "table", "name": "预算表", "box": [40, 180, 660, 160], "rows": 8, "columns": 5},
    {"id": "current_document", "kind": "document", "name": "预算表.xlsx", "box": [40, 180, 1160, 560]},
    {"id": "button_1", "kind": "button", "name": "Save", "box": [10, 40, 20, 20]},
    {"id": "button_2", "kind": "button", "name": "Print", "box": [40, 40, 20, 20]}]}


def schema(actions):
    calls = []
    for action in actions:
        properties = {"action": {"const": action["name"]}}
        for name, value in action["parameters"]["properties"].items():
            properties[name] = {key: value[key] for key in ("type", "enum", "minimum", "maximum") if key in value}
            if value.get("x-kind") == "element":
                properties[name] = {"enum": [element["id"] for element in SCREEN["elements"]]}
        calls.append({"type": "object", "properties": properties, "additionalProperties": False,
                      "required": ["action"] + action["parameters"]["required"]})
    calls.append({"type": "object", "properties": {"action": {"const": "none"}}, "required": ["action"], "additionalProperties": False})
    return {"anyOf": calls}


class Peer:
    def __init__(self, binaries, models, threads, port):
        self.whisper = [str(binaries / "whisper-cli"), "-m", str(models / "whisper-base/ggml-model.bin"), "-t", str(threads), "-nt", "-np"]
        self.url = f"http://127.0.0.1:{port}"
        self.actions = [json.loads(path.read_text()) for path in sorted((ROOT / "actions").glob("*.json"))]
        self.server = subprocess.Popen(
            [str(binaries / "llama-server"), "-m", str(models / "qwen2.5-0.5b/model.gguf"), "-t", str(threads), "-c", "8192", "-np", "1",
             "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url + "/health", timeout=1)
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("llama-server did not start")

    def turn(self, wav, language):
        start = time.perf_counter()
        words = subprocess.run(self.whisper + ["-l", language, "-f", wav], capture_output=True, text=True, check=True).stdout.strip()
        tools = json.dumps([{k: a[k] for k in ("name", "description", "parameters")} for a in self.actions], ensure_ascii=False)
        body = {"messages": [{"role": "system", "content": "Turn the spoken command into one call of these functions, as JSON. " + tools
                              + "\nScreen: " + json.dumps(SCREEN, ensure_ascii=False)},
                             {"role": "user", "content": words}],
                "temperature": 0, "max_tokens": 96, "cache_prompt": True,
                "response_format": {"type": "json_schema", "json_schema": {"name": "call", "schema": schema(self.actions)}}}
        request = urllib.request.Request(self.url + "/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        answer = json.load(urllib.request.urlopen(request, timeout=600))["choices"][0]["message"]["content"]
        return (time.perf_counter() - start) * 1000, words, answer


def ours(binary, wavs, language, screen, threads):
    command = [str(binary), "run", "--screen", screen, "--contacts", str(ROOT / "assets/contacts.vcf"), "--dry-run",
               "--json", "--lang", language, "--threads", str(threads), "--large", "none", "-q", "--audio", *wavs]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def live(options, recordings, screen):
    """One process, languages in turn; the first turn of each warms up and is not counted."""
    wavs = [wav for _ in range(options.rounds + 1) for _, wav in recordings]
    command = [str(options.binary), "listen", "--screen", str(screen), "--contacts", str(ROOT / "assets/contacts.vcf"), "--dry-run", "--mute",
               "--json", "--threads", str(options.threads), "--large", "none", "-q", "--microphone", *wavs]
    reports = [json.loads(line) for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()]
    for report in reports:
        times = report["timings_ms"]
        print(f"{times['dispatch']:6.0f} ms (silence {times['endpoint']:.0f}, asr {times['asr']:.0f}, prefill {times['prefill']:.0f}, decode "
              f"{times['decode']:.0f})  {report['transcript']} {json.dumps(report['decision'], ensure_ascii=False)}")
    counted = [report["timings_ms"]["dispatch"] for report in reports[len(recordings):]]
    if not counted:
        raise SystemExit(f"only {len(reports)} of {len(wavs)} recordings were heard as a turn")
    print(f"live: end of speech → dispatched, p50 {statistics.median(counted):.0f} ms, p95 {p95(counted):.0f} ms (n = {len(counted)} of "
          f"{len(wavs) - len(recordings)}, {options.threads} threads)")


def p95(values):
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--port", type=int, default=18099)
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path.home() / ".local/share/yanxing/models")
    parser.add_argument("--live", action="store_true", help="the live loop instead of the comparison")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/yanxing")
    options = parser.parse_args()
    screen = ROOT / "output/bench_screen.json"
    screen.parent.mkdir(exist_ok=True)
    screen.write_text(json.dumps(SCREEN, ensure_ascii=False))
    recordings = [("zh", str(ROOT / "assets/say_zh.wav")), ("en", str(ROOT / "assets/say_en.wav"))]
    if options.live:
        live(options, recordings, screen)
        return
    deps = subprocess.run([str(ROOT / "scripts/setup.sh"), "--print-deps"], capture_output=True, text=True, check=True).stdout.strip()
    peer = Peer(pathlib.Path(deps + "-peer/bin"), options.models, options.threads, options.port)
    mine, theirs = [], []
    try:
        for language, wav in recordings:  # both warm: the first turn of each is not counted
            peer.turn(wav, language)
        for _ in range(options.rounds):
            for language, wav in recordings:
                ms, words, answer = peer.turn(wav, language)
                theirs.append(ms)
                reports = ours(options.binary, [wav, wav], language, str(screen), options.threads)
                mine.append(reports[1]["timings_ms"]["total"])
                print(f"{language}  peer {ms:7.0f} ms {words} {answer}\n    ours {mine[-1]:7.0f} ms {reports[1]['transcript']} "
                      f"{json.dumps(reports[1]['decision'], ensure_ascii=False)}", flush=True)
    finally:
        peer.server.terminate()
    print(f"peer p50 {statistics.median(theirs):.0f} ms, p95 {p95(theirs):.0f} ms; ours p50 {statistics.median(mine):.0f} ms, "
          f"p95 {p95(mine):.0f} ms; ratio of medians {statistics.median(mine) / statistics.median(theirs):.2f} (n = {len(mine)})")


if __name__ == "__main__":
    main()
