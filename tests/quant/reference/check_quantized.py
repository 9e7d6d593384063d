"""make DIR: a tiny checkpoint whose activations have outliers, as real ones do, and what it is calibrated on.
check DIR FOLDER: reads FOLDER's packed weights with numpy alone, puts them into the model and tells how far its logits on
unseen tokens are from the original's, beside plain rounding of the same grid: must be nearer. FOLDER/codes.safetensors,
where it is there, is what the program says the weights are: must be the same.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import torch
import transformers
from safetensors.numpy import load_file

GROUP = 32


def make(root):
    transformers.set_seed(5)
    config = transformers.AutoConfig.for_model(
        "qwen2", vocab_size=256, hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.08, tie_word_embeddings=True,
        pad_token_id=None, bos_token_id=1, eos_token_id=2)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for name, parameter in model.named_parameters():
        if name.endswith("layernorm.weight"):
            parameter.data *= torch.exp(0.3 * torch.randn_like(parameter))
            parameter.data[torch.randperm(128)[:6]] *= 12
        elif parameter.dim() == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(root)


def unpack(words, bits):
    """(…, n) int32 → (…, n, 32 / bits) codes, the lowest bits first."""
    shifts = np.arange(0, 32, bits, dtype=np.uint32)
    return (words.view(np.uint32)[..., None] >> shifts) & ((1 << bits) - 1)


def dequantized(tensors, stem, config):
    bits, group = config["bits"], config["group_size"]
    qweight, qzeros = tensors[stem + "qweight"], tensors[stem + "qzeros"]
    scales = tensors[stem + "scales"].astype(np.float32)  # (groups, out)
    if config["quant_method"] == "awq":
        order = np.argsort([0, 2, 4, 6, 1, 3, 5, 7])  # where each column of a word stands
        codes = unpack(qweight, 4)[..., order].reshape(qweight.shape[0], -1)
        zeros = unpack(qzeros, 4)[..., order].reshape(qzeros.shape[0], -1)
        groups = np.arange(codes.shape[0]) // group
    else:
        codes = unpack(qweight, bits).transpose(0, 2, 1).reshape(-1, qweight.shape[1])
        zeros = (unpack(qzeros, bits).reshape(qzeros.shape[0], -1) + 1) & ((1 << bits) - 1)
        groups = tensors[stem + "g_idx"]
    return ((codes.astype(np.float32) - zeros.astype(np.float32)[groups]) * scales[groups]).T


def rounded(weight, config):
    """Plain rounding: weight (out, in)."""
    top = 2 ** config["bits"] - 1
    parts = weight.reshape(weight.shape[0], -1, config["group_size"])
    if config.get("sym") or config.get("zero_point") is False:
        scale = np.float32(np.float16(np.abs(parts).max(-1, keepdims=True) * 2 / top))
        zero = np.full_like(scale, (top + 1) // 2)
    else:
        low, high = np.minimum(parts.min(-1, keepdims=True), 0), np.maximum(parts.max(-1, keepdims=True), 0)
        scale = np.float32(np.float16((high - low) / top))
        zero = np.clip(np.round(-low / scale), 0, top)
    return ((np.clip(np.round(parts / scale) + zero, 0, top) - zero) * scale).reshape(weight.shape)


def probabilities(model):
    generator = torch.Generator().manual_seed(99)
    tokens = torch.randint(0, 256, (8, 64), generator=generator)
    with torch.no_grad():
        return model(tokens).logits.log_softmax(-1)


def divergence(p, q):
    return (p.exp() * (p - q)).sum(-1).mean().item()


def check(root, folder):
    config = json.load(open(os.path.join(folder, "config.json")))["quantization_config"]
    tensors = load_file(os.path.join(folder, "model.safetensors"))
    model = transformers.AutoModelForCausalLM.from_pretrained(root, dtype=torch.float32).eval()
    truth = probabilities(model)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    said = os.path.join(folder, "codes.safetensors")
    said = load_file(said) if os.path.exists(said) else {}
    plain, packed, differs = dict(state), dict(state), 0.0
    for name in state:
        stem = name.removesuffix("weight")
        if stem + "qweight" in tensors:
            weight = dequantized(tensors, stem, config)
            packed[name] = torch.tensor(weight)
            plain[name] = torch.tensor(rounded(state[name].numpy(), config))
            if name in said:
                differs = max(differs, np.abs(said[name] - weight).max())
        elif name in tensors:
            packed[name] = torch.tensor(tensors[name].astype(np.float32))
    assert sum("qweight" in name for name in tensors) == 21, list(tensors)
    model.load_state_dict(plain)
    rounding = divergence(truth, probabilities(model))
    model.load_state_dict(packed)
    ours = divergence(truth, probabilities(model))
    print(f"{config['quant_method']} {config}: KL to the original {ours:.5f}, plain rounding {rounding:.5f}, "
          f"read differs from said by {differs:.1e}")
    return 0 if ours < rounding and differs < 1e-6 else 1


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit({"make": make, "check": check}[sys.argv[1]](*sys.argv[2:]))
