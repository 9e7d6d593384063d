#!/usr/bin/env bash
# The adapter of the light tier, from nothing but the generator: about two hours and a half on two cores, 8 GiB.
#   recipes/light_tier.sh [FOLDER]        makes FOLDER/adapter.gguf (default: output/light_tier), and scores it
# Each stage goes on from the one before. A stage that is finished is not made again.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/output/light_tier}
mkdir -p "$out"
yanxing() { "$root/run" "$@"; }

make_data() { # NAME OPTIONS…
  [ -f "$out/$1.jsonl" ] || yanxing data make --out "$out/$1.jsonl" "${@:2}"
}
# Many registries; then homes beside them; then what questions imply, and optional values of all kinds.
make_data first --count 1800 --group 16 --seed 11
make_data home --count 1152 --group 24 --seed 31 --domains assist
make_data general --count 1056 --group 24 --seed 32
make_data implied --count 960 --group 40 --seed 51 --domains assist --kinds call,compound,parallel,followup,foreign,negation
make_data concierge --count 216 --group 36 --seed 52 --domains concierge
make_data more --count 600 --group 24 --seed 53
make_data held --count 240 --group 8 --seed 90777 # for the comparison and the calibration

teach() { # STAGE LEARNING_RATE STAGE_BEFORE DATA…
  local stage=$out/$1 rate=$2 before=$3
  shift 3
  [ -f "$stage/adapter.gguf" ] && return
  local options=(--max_length 3072 --gradient_checkpointing false --lora_rank 16 --lora_alpha 32 --num_train_epochs 1
    --batch_size 24 --gradient_accumulation_steps 1 --save_steps 10 --resume_from_checkpoint last)
  [ "$before" = - ] || options+=(--adapters "$out/$before/adapter.gguf")
  yanxing sft --dataset "${@/%/.jsonl}" --output_dir "$stage" --learning_rate "$rate" "${options[@]}"
}
cd "$out"
teach one 3e-4 - first
teach two 2e-4 one home general
teach three 2e-4 two implied concierge more

cp three/adapter.gguf adapter.gguf
for adapter in none "$out/adapter.gguf"; do
  yanxing eval --dataset held.jsonl --large none --adapter "$adapter" --json >"eval_$(basename "$adapter" .gguf).json"
done
# With the adapter in place of assets/adapters/qwen2.5-0.5b.gguf:
#   ./run eval --dataset held.jsonl --large none --calibrate assets/calibration.json
echo "$out/adapter.gguf"
