#!/usr/bin/env python3
"""Planned memory against measured: for each way of tuning, `yanxing memory` beside the peak of a short `yanxing sft`.

  bench/memory.py [--model qwen2.5-0.5b] [--max_length 1024] [--only NAME]

Every run is a process of its own; its peak is what the kernel counted (VmHWM), files that are mapped included. Two steps of
one row each, so that the optimizer's state is there when the second one's activations are."""

import argparse
import json
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WAYS = {
    "lora": [],
    "lora, layers kept": ["--gradient_checkpointing", "false"],
    "full, adamw_8bit, bfloat16": ["--tuner_type", "full", "--optim", "adamw_8bit", "--torch_dtype", "bfloat16"],
    "full, half of it frozen": ["--tuner_type", "full", "--freeze_parameters_ratio", "0.5"],
    "galore_adamw_8bit_layerwise, bfloat16": ["--tuner_type", "full", "--torch_dtype", "bfloat16", "--optim",
                                              "galore_adamw_8bit_layerwise"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(ROOT, "build/release/yanxing-train"))
    parser.add_argument("--model", default="qwen2.5-0.5b")
    parser.add_argument("--max_length", type=int, default=1024)
    parser.add_argument("--only", help="one of: " + "; ".join(WAYS))
    options = parser.parse_args()
    print("| way | tokens | planned GiB | measured GiB | planned / measured |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data.jsonl")
        subprocess.run([options.binary, "data", "make", "--out", data, "--count", "48", "--seed", "5"], check=True,
                       capture_output=True)
        for name, flags in WAYS.items():
            if options.only not in (None, name):
                continue
            out = os.path.join(folder, "out")
            common = ["--model", options.model, *flags]
            subprocess.run([options.binary, "sft", *common, "--dataset", data, "--output_dir", out, "--max_steps", "2",
                            "--max_length", str(options.max_length), "--per_device_train_batch_size", "1",
                            "--gradient_accumulation_steps", "1", "--report_to", "none"], check=True, capture_output=True)
            with open(os.path.join(out, "logging.jsonl"), encoding="utf-8") as log:
                steps = [json.loads(line) for line in log]
            tokens = max(step["tokens"] for step in steps)
            measured = steps[-1]["memory_gib"]
            told = subprocess.run([options.binary, "memory", *common, "--max_length", str(tokens), "--json"], check=True,
                                  capture_output=True, text=True).stdout
            planned = json.loads(told)["bytes"]["total"] / 2**30
            print(f"| {name} | {tokens} | {planned:.2f} | {measured:.2f} | {planned / measured:.2f} |", flush=True)
            subprocess.run(["rm", "-r", out], check=True)


main()
