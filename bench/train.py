#!/usr/bin/env python3
"""Fine-tuning against PyTorch with PEFT and TRL: same machine, weights, samples and precision (fp32), in one run.

  python3 bench/train.py                                  # both models
  python3 bench/train.py --models smollm2-135m --rows 64

The samples are generated commands as yanxing encodes them (`yanxing data stats --tokens`), so both sides see the very
same tokens and learn the same ones: LoRA rank 8 on all linear layers, AdamW, 16 samples a step. Three ways of ours:
every sample alone in its row (the engine alone), packed, and packed with shared beginnings; the peer is TRL's
SFTTrainer on the dequantised weights, which pads its batches. Speed counts the samples' own tokens, neither padding nor
what sharing spares; memory is the process's peak. Needs a built binary with training and its models; makes the peer's
Python environment in the cache.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("YANXING_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "yanxing")
PEER_PACKAGES = ["trl==1.16.0", "gguf==0.19.0", "datasets==5.2.0"]
SAMPLES_A_STEP = 16


def peer_python():
    """The parity tests' environment with TRL on top."""
    subprocess.run([ROOT / "tests/nn/reference/make.sh", "--environment"], check=True)
    reference = max(CACHE.glob("reference-*/bin/python"), key=lambda path: path.stat().st_mtime)
    environment = CACHE / "bench-train"
    python = environment / "bin/python"
    if not (environment / "ready").exists():
        subprocess.run([reference, "-m", "venv", environment], check=True)
        site = next(environment.glob("lib/python3*/site-packages"))
        (site / "reference.pth").write_text(str(next(reference.parent.parent.glob("lib/python3*/site-packages"))))
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER_PACKAGES], check=True)
        (environment / "ready").touch()
    return python


PEER = '''
import json, sys, time
import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer
weights, tokens, steps, batch, output, threads = sys.argv[1:7]
torch.set_num_threads(int(threads))
folder, file = weights.rsplit("/", 1)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32, attn_implementation="sdpa")
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
trainer = SFTTrainer(
    model=model, processing_class=tokenizer, train_dataset=load_dataset("json", data_files=tokens, split="train"),
    peft_config=LoraConfig(r=8, lora_alpha=32, lora_dropout=0.05, target_modules="all-linear"),
    args=SFTConfig(output_dir=output, max_steps=int(steps), per_device_train_batch_size=int(batch),
                   gradient_accumulation_steps=SAMPLES // int(batch), gradient_checkpointing=False, max_length=None,
                   learning_rate=1e-4, report_to="none", save_strategy="no", use_cpu=True, bf16=False,
                   completion_only_loss=True, logging_steps=1, dataloader_pin_memory=False))
started = time.time()
trainer.train()
print(json.dumps({"seconds": time.time() - started}))
'''.replace("SAMPLES", str(SAMPLES_A_STEP))


def run(command, **environment):
    """Seconds, peak memory in bytes, standard output. /usr/bin/time would be another package: wait4 tells the same."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.time()
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err,
                                   env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.time() - started
        out.seek(0)
        err.seek(0)
        if status:
            sys.exit(f"{' '.join(map(str, command))}\nfailed:\n{err.read().decode(errors='replace')[-3000:]}")
        return seconds, usage.ru_maxrss * 1024, out.read().decode()


def steps_seconds(folder):
    """Seconds of the steps alone, as the run's own log tells."""
    lines = [json.loads(line) for line in (folder / "logging.jsonl").read_text().splitlines()]
    return sum(line["seconds"] for line in lines if "seconds" in line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="smollm2-135m,qwen2.5-0.5b", help="names as `yanxing models` lists them")
    parser.add_argument("--rows", type=int, default=SAMPLES_A_STEP, help="samples; so many steps of 16")
    parser.add_argument("--group", type=int, default=16, help="samples that share registry and screen")
    parser.add_argument("--batch", type=int, default=4, help="the peer's padded batch, as memory allows")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/yanxing")
    options = parser.parse_args()
    python = peer_python()
    models = pathlib.Path(os.environ.get("YANXING_DATA") or
                          pathlib.Path.home() / ".local/share/yanxing") / "models"
    steps = max(1, options.rows // SAMPLES_A_STEP)
    print("| model | way | tokens/s | times the peer | peak GiB | of the peer | seconds |\n|---|---|---|---|---|---|---|",
          flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folder / "commands.jsonl"
        run([options.binary, "data", "make", "--out", data, "--count", steps * SAMPLES_A_STEP, "--group",
             options.group, "--seed", 5])
        for model in options.models.split(","):
            weights = next((models / model).glob("*.gguf"))
            tokens = folder / f"{model}.tokens.jsonl"
            run([options.binary, "data", "stats", data, "--model", weights, "--tokens", tokens, "--max-length", 4096])
            total = sum(len(json.loads(line)["input_ids"]) for line in tokens.read_text().splitlines())
            count = len(tokens.read_text().splitlines())
            peer_steps = max(1, count // SAMPLES_A_STEP)

            def show(way, seconds, memory, peer):
                speed = total / seconds
                print(f"| {model} | {way} | {speed:.0f} | {'1' if peer is None else f'{speed / peer[0]:.1f}'} | "
                      f"{memory / 2**30:.1f} | {'1' if peer is None else f'{memory / peer[1]:.2f}'} | {seconds:.0f} |",
                      flush=True)
                return speed, memory

            _, memory, out = run([python, "-c", PEER, weights, tokens, peer_steps, options.batch, folder / "peer",
                                  options.threads], OMP_NUM_THREADS=str(options.threads))
            seconds = json.loads(out.strip().splitlines()[-1])["seconds"]
            peer = show("PyTorch, PEFT, TRL", seconds, memory, None)
            ways = {"every sample alone": ["--packing", "false", "--share_prefixes", "false"],
                    "packed": ["--share_prefixes", "false"], "packed, beginnings shared": []}
            for way, flags in ways.items():
                for recompute in ("false", "true"):
                    output = folder / f"{model}-{len(way)}-{recompute}"
                    _, memory, _ = run([options.binary, "sft", "--model", weights, "--dataset", data, "--output_dir",
                                        output, "--max_length", 4096, "--num_train_epochs", 1, "--lora_rank", 8,
                                        "--batch_size", SAMPLES_A_STEP, "--gradient_accumulation_steps", 1,
                                        "--learning_rate", 1e-4, "--gradient_checkpointing", recompute, "--threads",
                                        options.threads, "--logging_steps", 1, *flags])
                    show(way + (", layers recomputed" if recompute == "true" else ""), steps_seconds(output), memory,
                         peer)


if __name__ == "__main__":
    main()
