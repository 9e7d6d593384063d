"""Tiny random checkpoints, one folder a case, and what transformers and PEFT compute from them in fp32.

Each folder: config.json and model.safetensors (the base), adapter/ (PEFT's files), row.json (a packed row with a shared
prefix) and expected.safetensors (logits of each token of the row, the loss, every adapter gradient). The reference runs
each sample on its own: prefix and child one after another, no packing.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

VOCABULARY = 160
SMALL = dict(
    vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, head_dim=16, max_position_embeddings=128, initializer_range=0.15, pad_token_id=0,
    bos_token_id=1, eos_token_id=2,
)


def config(model_type, **changes):
    return transformers.AutoConfig.for_model(model_type, **{**SMALL, **changes})


CASES = {
    "llama": (config("llama", rope_parameters=dict(
        rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=32), attention_bias=True), {}),
    "llama_rslora": (config("llama", tie_word_embeddings=True), dict(use_rslora=True)),
    "llama_dora": (config("llama"), dict(use_dora=True)),
    "mistral": (config("mistral", sliding_window=6), {}),
    "qwen2": (config("qwen2", rope_parameters=dict(
        rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32)), {}),
    "qwen3": (config("qwen3", tie_word_embeddings=True), {}),
    "gemma2": (config("gemma2", sliding_window=6, query_pre_attn_scalar=24), {}),
    "gemma3": (config("gemma3_text", sliding_window=6, query_pre_attn_scalar=24, num_hidden_layers=7), {}),
    "phi3": (config("phi3", sliding_window=None, original_max_position_embeddings=16, rope_parameters=dict(
        rope_type="longrope", rope_theta=10000.0, short_factor=[1.0 + 0.1 * i for i in range(8)],
        long_factor=[1.5 + 0.4 * i for i in range(8)])), {}),
    "qwen3_moe": (config("qwen3_moe", num_experts=6, num_experts_per_tok=2, moe_intermediate_size=48,
                         norm_topk_prob=True, mlp_only_layers=[1]),
                  dict(target_modules=["q_proj", "k_proj", "v_proj", "o_proj"])),
}


def packed_row():
    """A prefix with two children that have a different length each, and a sample of its own."""
    generator = torch.Generator().manual_seed(7)
    sizes = {"prefix": 11, "first": 9, "second": 7, "alone": 13}
    parts = {name: torch.randint(3, VOCABULARY, (size,), generator=generator).tolist() for name, size in sizes.items()}
    row = dict(tokens=[], positions=[], segments=[], targets=[])
    begins = {}
    for name, parent in (("prefix", -1), ("first", 0), ("second", 0), ("alone", -1)):
        begin = begins[name] = len(row["tokens"])
        row["tokens"] += parts[name]
        start = sizes["prefix"] if parent == 0 else 0
        row["positions"] += list(range(start, start + sizes[name]))
        row["segments"].append([begin, len(row["tokens"]), parent])
    samples = [("prefix", "first"), ("prefix", "second"), ("alone",)]
    places = [[begins[part] + i for part in sample for i in range(sizes[part])] for sample in samples]
    for index, place in enumerate(places):
        supervised = sizes["prefix"] if index < 2 else 4
        for i in range(supervised - 1, len(place) - 1):
            weight = 0.02 + 0.01 * index + 0.0005 * i
            row["targets"].append([place[i], row["tokens"][place[i + 1]], weight, index])
    row["targets"].sort(key=lambda target: target[0])
    return row, places


def make(folder, name, configuration, lora):
    torch.manual_seed(sum(map(ord, name)))
    transformers.set_seed(sum(map(ord, name)))
    model = transformers.AutoModelForCausalLM.from_config(configuration, attn_implementation="eager",
                                                          dtype=torch.float32)
    for parameter_name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.data += 0.2 * torch.randn_like(parameter)
    model.eval()
    model.save_pretrained(folder)
    row, places = packed_row()
    peft_config = LoraConfig(**{**dict(r=4, lora_alpha=6, target_modules="all-linear", init_lora_weights=False,
                                  task_type="CAUSAL_LM"), **lora})
    wrapped = get_peft_model(model, peft_config)
    for parameter_name, parameter in wrapped.named_parameters():
        if "lora_magnitude" in parameter_name:
            parameter.data *= 1 + 0.1 * torch.randn_like(parameter)
    wrapped.eval()
    wrapped.save_pretrained(os.path.join(folder, "adapter"))
    logits = torch.zeros(len(row["tokens"]), configuration.vocab_size)
    loss = 0.0
    for index, place in enumerate(places):
        out = wrapped(input_ids=torch.tensor([[row["tokens"][p] for p in place]]), use_cache=False).logits[0]
        logits[place] = out.detach()
        log_probabilities = torch.log_softmax(out, -1)
        where = {p: i for i, p in enumerate(place)}
        for at, token, weight, sample in row["targets"]:
            if sample == index:
                loss = loss - weight * log_probabilities[where[at], token]
    loss.backward()
    expected = {"logits": logits, "loss": loss.detach().reshape(1)}
    for parameter_name, parameter in wrapped.named_parameters():
        if parameter.requires_grad:
            own = parameter_name.removeprefix("base_model.model.").replace(".default", "").removesuffix(".weight")
            expected["gradient." + own] = parameter.grad.clone().contiguous()
    save_file(expected, os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "row.json"), "w") as out_file:
        json.dump(row, out_file)


def main():
    torch.set_num_threads(1)
    only = sys.argv[2:]
    for name, (configuration, lora) in CASES.items():
        if not only or name in only:
            make(os.path.join(sys.argv[1], name), name, configuration, lora)


main()
