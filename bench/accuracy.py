#!/usr/bin/env python3
"""How right yanxing is on third-party data: makes the sets, scores each with `yanxing eval`, prints one table.

  python3 bench/accuracy.py                            # every set, 100 rows of it drawn by a fixed seed
  python3 bench/accuracy.py --limit 0 --only coffee,ha_en_12 -- --large none
  ./run eval suite                                     # the same, with what is missing set up first

Needs ../shared/data (see bench/datasets.py) and a built binary. Predictions stay in the output folder, one file a set.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Sets of bench/datasets.py that are scored on their own, in the order of the table.
SETS = ["coffee", "ha_en", "ha_en_12", "ha_en_lean_12", "snips", "slurp_devel", "acebench_en", "bfcl_simple", "bfcl_multiple",
        "bfcl_parallel", "bfcl_parallel_multiple", "bfcl_irrelevance", "screens_elements", "screens_picture",
        "aishell_cmd", "aishell_cmd_known", "aishell_read"]
COLUMNS = ["set", "rows", "exact", "name", "arg F1", "none right", "reward", "CER/WER", "p50 ms", "p95 ms", "large", "min",
           "published"]
# What others say of themselves on such data, as a measure of it; not the same rows.
PUBLISHED = {"coffee": "Rhino 97.6 % (noisy, the mean of its levels)", "ha_en": "qwen3-8b 82.8 % (its own set of questions)",
             "bfcl_simple": "Hammer2.1-1.5B 82.8 % (non-live AST, all kinds)", "bfcl_multiple": "as above",
             "bfcl_parallel": "as above", "bfcl_parallel_multiple": "as above"}


def rate(value):
    return "" if not value or value.get("n", 1) == 0 else f"{100 * value['rate']:.1f} %"


def row_of(name, summary, minutes):
    """`large`: the share of rows that the large tier answered."""
    large = summary.get("tiers", {}).get("large", {}).get("rows", 0) / max(1, summary.get("rows", 0))
    latency = summary.get("latency_ms", {}).get("total", {})
    argument = summary.get("argument") or {}
    shown = ", ".join(f"{100 * value:.1f} %" for heard in summary.get("text", {}).values()
                      for key, value in heard.items() if key in ("cer", "wer"))
    scored = (summary.get("exact") or {}).get("n", 0) > 0
    return [name, str(summary.get("rows", "")), rate(summary.get("exact")), rate(summary.get("name")),
            f"{argument['f1']:.3f}" if scored and argument.get("f1") is not None else "",
            rate((summary.get("abstain") or {}).get("rightly")),
            f"{summary['reward']['mean']:.2f}" if scored and summary.get("reward") else "", shown,
            f"{latency.get('p50', 0):.0f}", f"{latency.get('p95', 0):.0f}", f"{100 * large:.0f} %", f"{minutes:.1f}",
            PUBLISHED.get(name, "")]


def drawn(path, limit):
    """A file of `limit` rows of the set, drawn by a fixed seed: neighbours in a set are much alike."""
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if not limit or limit >= len(rows):
        return path
    sample = path.with_name(f"{path.stem}.drawn.jsonl")
    sample.write_text("".join(random.Random(7).sample(rows, limit)), encoding="utf-8")
    return sample


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "output/accuracy")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/yanxing")
    parser.add_argument("--only", help=f"comma-separated, of: {', '.join(SETS)}")
    parser.add_argument("--limit", type=int, default=100, help="rows a set; 0: all")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="behind --: more options for `yanxing eval`")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"no data at {options.data}: give its folder with --data")
    subprocess.run([sys.executable, ROOT / "bench/datasets.py", "--data", options.data, "--out", options.out],
                   check=True, stdout=subprocess.DEVNULL)
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    for name in options.only.split(",") if options.only else SETS:
        command = [options.binary, "eval", "--json", "--dataset", drawn(options.out / f"{name}.jsonl", options.limit),
                   "--predictions", options.out / f"{name}.predictions.jsonl",
                   *[word for word in options.rest if word != "--"]]
        started = time.time()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            print(f"| {name} | failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}")
            continue
        summary = json.loads(done.stdout.strip().splitlines()[-1])
        print("| " + " | ".join(row_of(name, summary, (time.time() - started) / 60)) + " |", flush=True)


if __name__ == "__main__":
    main()
