"""A tiny random Qwen2.5-VL with a tokenizer, screenshots and samples to fine-tune it with; and the loss that transformers
and PEFT find with an adapter that was trained on them.

make FOLDER: FOLDER/model, FOLDER/messages.jsonl (ms-swift's form, with boxes), FOLDER/decisions.jsonl, pictures.
loss FOLDER ADAPTER: prints the mean −log p of the answers of messages.jsonl.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from peft import PeftModel
from PIL import Image, ImageDraw
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
           "<|video_pad|>"]
WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
PROCESSOR = dict(min_pixels=56 * 56, max_pixels=200 * 140)
COLOURS = {"red": (200, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200)}
BOX = [60, 40, 180, 100]  # in a picture of 300 × 200


def tokenizer():
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    words.decoder = decoders.ByteLevel()
    texts = [SYSTEM, "Which colour is the window at", "It is red green blue, 把这个表格发给李经理"] * 4
    words.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=360, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    words.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in SPECIAL])
    return words


def make(folder):
    os.makedirs(folder + "/model")
    words = tokenizer()
    ids = {word: words.token_to_id(word) for word in SPECIAL}
    transformers.set_seed(5)
    model = transformers.Qwen2_5_VLForConditionalGeneration(transformers.Qwen2_5_VLConfig(
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
        text_config=dict(
            vocab_size=words.get_vocab_size(), hidden_size=64, intermediate_size=96, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=4096, initializer_range=0.1,
            tie_word_embeddings=True, bos_token_id=None, eos_token_id=ids["<|im_end|>"],
            rope_parameters=dict(rope_type="default", rope_theta=10000.0, mrope_section=[2, 3, 3])),
        vision_config=dict(depth=2, hidden_size=32, intermediate_size=48, num_heads=2, out_hidden_size=64,
                           fullatt_block_indexes=[1], initializer_range=0.08)))
    model.save_pretrained(folder + "/model")
    words.save(folder + "/model/tokenizer.json")
    for name, content in {"tokenizer_config.json": {"eos_token": "<|im_end|>"}, "preprocessor_config.json": PROCESSOR}.items():
        with open(f"{folder}/model/{name}", "w") as file:
            json.dump(content, file)
    with open(folder + "/messages.jsonl", "w") as messages, open(folder + "/decisions.jsonl", "w") as decisions:
        for colour, value in COLOURS.items():
            picture = Image.new("RGB", (300, 200), (240, 240, 235))
            ImageDraw.Draw(picture).rectangle(BOX, fill=value, outline=(0, 0, 0))
            picture.save(f"{folder}/{colour}.png")
            for question in ("Which colour is the window at <bbox>?", "<image>Which colour is it? <bbox>"):
                messages.write(json.dumps({
                    "messages": [{"role": "user", "content": question},
                                 {"role": "assistant", "content": f"It is {colour}."}],
                    "images": [f"{colour}.png"], "objects": {"ref": [], "bbox": [BOX]}}) + "\n")
            for words_said, button in (("press the first", "button_1"), ("press the second", "button_2")):
                decisions.write(json.dumps({
                    "transcript": words_said, "screenshot": f"{colour}.png",
                    "screen": {"size": [300, 200], "app": "Paint", "title": colour, "elements": [
                        {"id": "button_1", "kind": "button", "name": "OK", "box": [10, 10, 40, 20]},
                        {"id": "button_2", "kind": "button", "name": "Cancel", "box": [60, 10, 40, 20]}]},
                    "actions": [{"name": "click", "description": "Press a button", "parameters": {
                        "type": "object", "required": ["target"],
                        "properties": {"target": {"type": "string", "x-kind": "element"}}}}],
                    "action": {"action": "click", "target": button}}) + "\n")


def loss(folder, adapter):
    words = Tokenizer.from_file(folder + "/model/tokenizer.json")
    base = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained(folder + "/model", dtype=torch.float32)
    model = PeftModel.from_pretrained(base, adapter).eval()
    placeholder = words.token_to_id("<|image_pad|>")
    processor = Qwen2VLImageProcessorPil(**PROCESSOR)
    total, count = 0.0, 0
    for line in open(folder + "/messages.jsonl"):
        row = json.loads(line)
        seen = processor(images=Image.open(f"{folder}/{row['images'][0]}"), return_tensors="pt")
        grid = seen["image_grid_thw"]
        height, width = (int(side) * 14 for side in grid[0][1:])
        box = [round(value * (width / 300 if i % 2 == 0 else height / 200)) for i, value in enumerate(BOX)]
        question, answer = (message["content"] for message in row["messages"])
        if "<image>" not in question:
            question = "<image>" + question
        pads = "<|image_pad|>" * (int(grid.prod()) // 4)
        question = question.replace("<bbox>", str(box)).replace("<image>", f"<|vision_start|>{pads}<|vision_end|>")
        asked = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        first = words.encode(asked).ids
        learned = words.encode(answer + "<|im_end|>").ids
        tokens = torch.tensor([first + learned])
        with torch.no_grad():
            logits = model(input_ids=tokens, pixel_values=seen["pixel_values"], image_grid_thw=grid,
                           mm_token_type_ids=(tokens == placeholder).int()).logits[0]
        log_probabilities = torch.log_softmax(logits.double(), -1)
        for i, token in enumerate(learned):
            total -= float(log_probabilities[len(first) - 1 + i, token])
        count += len(learned)
    print(total / count)


torch.set_num_threads(1)
{"make": make, "loss": loss}[sys.argv[1]](*sys.argv[2:])
