"""make DIR: tiny random checkpoints with a byte-level BPE tokenizer and a PEFT adapter each, and the logits that
transformers gives with the adapter merged (DIR/NAME/expected.json).
check DIR: DIR/NAME/exported must load in transformers and give these logits; prints the largest error of each.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA = QWEN.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)
TEXTS = ["把这个表格发给李经理", "Open the budget, please!  It's 12345 rows;\n\n  don't   wait…", "tabs\tand\r\nlines 3.14 ｡◕‿◕｡ 🙂",
         "'LL we'Ll I'M", "   ", "a" * 40, "数字 1 22 333 4444 和 ａｂｃ"]
VOCABULARY = 400
SMALL = dict(
    vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, head_dim=16, max_position_embeddings=128, initializer_range=0.15, pad_token_id=None,
    bos_token_id=380, eos_token_id=381,
)


def config(model_type, **changes):
    return transformers.AutoConfig.for_model(model_type, **{**SMALL, **changes})


CASES = {
    "llama": (config("llama", tie_word_embeddings=False, rope_parameters=dict(
        rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=8192)), {}, "llama"),
    "smollm": (config("llama", tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=100000.0)),
               dict(use_rslora=True), "smollm"),
    "qwen2": (config("qwen2", tie_word_embeddings=True, rope_parameters=dict(
        rope_type="yarn", rope_theta=1000000.0, factor=4.0, original_max_position_embeddings=32)), {}, "qwen"),
    "qwen3": (config("qwen3", tie_word_embeddings=False), dict(use_dora=True), "qwen"),
    "qwen3_moe": (config("qwen3_moe", num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32,
                         norm_topk_prob=True, mlp_only_layers=[], tie_word_embeddings=True),
                  dict(target_modules=["q_proj", "v_proj"]), "qwen"),
}


def tokenizer(kind):
    tok = Tokenizer(models.BPE(ignore_merges=kind == "llama"))
    if kind == "smollm":
        tok.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    else:
        tok.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(QWEN if kind == "qwen" else LLAMA), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    if kind == "qwen":
        tok.normalizer = normalizers.NFC()
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=380, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tok.train_from_iterator(TEXTS * 3 + ["the table is open and the window is closed " * 5], trainer)
    tok.add_special_tokens([AddedToken("<|begin|>", normalized=False), AddedToken("<|im_end|>", normalized=False)])
    tok.add_tokens([AddedToken("<tool_call>", normalized=False)])
    assert tok.token_to_id("<|begin|>") == 380, tok.get_vocab_size()
    if kind == "llama":
        tok.post_processor = processors.TemplateProcessing(single="<|begin|> $A", pair="<|begin|> $A <|begin|> $B",
                                                           special_tokens=[("<|begin|>", 380)])
    else:
        tok.post_processor = processors.ByteLevel(trim_offsets=False)
    return tok


def logits_of(model):
    tokens = torch.arange(3, 27).mul(37).remainder(380).unsqueeze(0)
    with torch.no_grad():
        return tokens[0].tolist(), model(tokens).logits[0]


def make(root):
    for name, (configuration, lora, kind) in CASES.items():
        folder = os.path.join(root, name)
        transformers.set_seed(sum(map(ord, name)))
        model = transformers.AutoModelForCausalLM.from_config(configuration, attn_implementation="eager",
                                                              dtype=torch.float32)
        for _, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter.data += 0.2 * torch.randn_like(parameter)
        model.eval().save_pretrained(folder)
        tok = tokenizer(kind)
        tok.save(os.path.join(folder, "tokenizer.json"))
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as out:
            json.dump(dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<|begin|>", eos_token="<|im_end|>",
                           chat_template="{{ messages[0].content }}"), out)
        with open(os.path.join(folder, "tokens.json"), "w") as out:
            json.dump([dict(text=text, tokens=tok.encode(text, add_special_tokens=False).ids) for text in TEXTS], out)
        wrapped = get_peft_model(model, LoraConfig(**{
            **dict(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"), **lora}))
        for parameter_name, parameter in wrapped.named_parameters():
            if "lora_" in parameter_name:
                parameter.data += 0.05 * torch.randn_like(parameter)
        wrapped.save_pretrained(os.path.join(folder, "adapter"))
        base = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
        plain = logits_of(base)[1]
        merged = PeftModel.from_pretrained(base, os.path.join(folder, "adapter")).merge_and_unload().eval()
        tokens, logits = logits_of(merged)
        assert (logits - plain).abs().max() > 0.01
        with open(os.path.join(folder, "expected.json"), "w") as out:
            json.dump(dict(tokens=tokens, logits=logits.tolist()), out)


def check(root):
    good = True
    for name in sorted(os.listdir(root)):
        folder = os.path.join(root, name)
        for exported in ("exported", "exported_from_gguf"):
            path = os.path.join(folder, exported)
            if not os.path.isdir(path):
                continue
            expected = json.load(open(os.path.join(folder, "expected.json")))
            model, report = transformers.AutoModelForCausalLM.from_pretrained(
                path, attn_implementation="eager", dtype=torch.float32, output_loading_info=True)
            error = (logits_of(model.eval())[1] - torch.tensor(expected["logits"])).abs().max().item()
            odd = [key for kind in ("missing_keys", "unexpected_keys") for key in report[kind]
                   if not (key == "lm_head.weight" and model.config.tie_word_embeddings)]
            tok = transformers.AutoTokenizer.from_pretrained(path)
            same = all(tok.encode(row["text"], add_special_tokens=False) == row["tokens"]
                       for row in json.load(open(os.path.join(folder, "tokens.json"))))
            print(f"{name} {exported}: largest error {error:.2e}, keys amiss {odd}, tokens {'same' if same else 'DIFFER'}")
            good = good and error < 1e-4 and not odd and same
    return 0 if good else 1


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit({"make": make, "check": check}[sys.argv[1]](sys.argv[2]))
