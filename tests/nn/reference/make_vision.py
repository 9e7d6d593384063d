"""Tiny random models with towers, one folder a case, and what transformers and PEFT make of pictures and sounds.

Each folder: config.json, model.safetensors and preprocessor_config.json (the base), adapter/ (PEFT's files), the media
files, row.json (a packed row that shares a prefix with a picture, with the positions of transformers' get_rope_index, and
the same samples as items) and expected.safetensors (what the processor and the tower make of each medium, logits, loss,
every adapter gradient). The reference runs each sample on its own.
"""

import json
import os
import sys
import wave as wavelib

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy
import torch
import transformers
from peft import LoraConfig, get_peft_model
from PIL import Image
from safetensors.torch import save_file

VOCABULARY = 160
PICTURE = 150  # the placeholder
TEXT = dict(
    vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=512, initializer_range=0.15, pad_token_id=0, bos_token_id=1,
    eos_token_id=2, rope_parameters=dict(rope_type="default", rope_theta=10000.0, mrope_section=[2, 3, 3]),
)
TOKENS = dict(image_token_id=PICTURE, video_token_id=151, vision_start_token_id=152, vision_end_token_id=153)
PICTURES = {"first.png": (200, 150), "second.png": (70, 95), "third.png": (56, 28)}


def qwen2_5_vl():
    config = transformers.Qwen2_5_VLConfig(
        text_config=TEXT, **TOKENS,
        vision_config=dict(depth=3, hidden_size=32, intermediate_size=48, num_heads=2, out_hidden_size=64,
                           fullatt_block_indexes=[1], initializer_range=0.08))
    processor = dict(image_processor_type="Qwen2VLImageProcessor", min_pixels=56 * 56, max_pixels=200 * 140)
    return transformers.Qwen2_5_VLForConditionalGeneration, config, processor


def qwen3_vl():
    config = transformers.Qwen3VLConfig(
        text_config={**TEXT, "head_dim": 16}, **TOKENS,
        vision_config=dict(depth=4, hidden_size=32, intermediate_size=48, num_heads=2, out_hidden_size=64,
                           num_position_embeddings=36, deepstack_visual_indexes=[0, 2], initializer_range=0.08))
    processor = dict(image_processor_type="Qwen2VLImageProcessor", patch_size=16, image_mean=[0.5] * 3,
                     image_std=[0.5] * 3, size=dict(shortest_edge=4096, longest_edge=200 * 160))
    return transformers.Qwen3VLForConditionalGeneration, config, processor


SOUND = 149  # the placeholder


def qwen2_5_omni():
    config = transformers.models.qwen2_5_omni.configuration_qwen2_5_omni.Qwen2_5OmniThinkerConfig(
        text_config=TEXT, image_token_index=PICTURE, video_token_index=151, audio_token_index=SOUND,
        audio_start_token_id=148, audio_end_token_id=147, vision_start_token_id=152, vision_end_token_id=153,
        vision_config=dict(depth=2, hidden_size=32, intermediate_size=48, num_heads=2, out_hidden_size=64,
                           fullatt_block_indexes=[1], initializer_range=0.08),
        audio_config=dict(d_model=32, encoder_ffn_dim=48, encoder_attention_heads=2, encoder_layers=2, output_dim=64,
                          num_mel_bins=128, n_window=20, initializer_range=0.1))
    processor = dict(image_processor_type="Qwen2VLImageProcessor", min_pixels=56 * 56, max_pixels=200 * 140,
                     feature_size=128, chunk_length=300, sampling_rate=16000, hop_length=160, n_fft=400)
    return transformers.Qwen2_5OmniThinkerForConditionalGeneration, config, processor


LANGUAGE = r"model\.language_model\..*_proj"
CASES = {
    "qwen2_5_vl": (qwen2_5_vl, LANGUAGE),
    "qwen2_5_vl_all": (qwen2_5_vl, "all-linear"),
    "qwen3_vl": (qwen3_vl, LANGUAGE),
    "qwen3_vl_all": (qwen3_vl, "all-linear"),
    "qwen2_5_omni": (qwen2_5_omni, LANGUAGE),
    "qwen2_5_omni_all": (qwen2_5_omni, "all-linear"),
}


def draw(folder):
    for index, (name, (width, height)) in enumerate(PICTURES.items()):
        random = numpy.random.default_rng(index)
        rough = random.integers(0, 256, (height // 5 + 1, width // 5 + 1, 3), dtype=numpy.uint8)
        picture = rough.repeat(5, 0).repeat(5, 1)[:height, :width].copy()
        picture[::7, :, 1] ^= 255
        Image.fromarray(picture).save(os.path.join(folder, name))


def record(folder):
    """A second and a bit of tones that come and go, in 16 bits at 16 kHz."""
    time = numpy.arange(18333) / 16000
    random = numpy.random.default_rng(9)
    wave = 0.3 * numpy.sin(2 * numpy.pi * (300 + 500 * time) * time) * (0.5 + 0.5 * numpy.sin(9 * time))
    wave = numpy.round(32767 * (wave + 0.02 * random.standard_normal(len(time)))).clip(-32768, 32767)
    with wavelib.open(os.path.join(folder, "sound.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(wave.astype("<i2").tobytes())
    return (wave / 32768).astype(numpy.float32)


def heard(wave):
    extractor = transformers.WhisperFeatureExtractor(feature_size=128, chunk_length=300)
    out = extractor(wave, sampling_rate=16000, padding="max_length", return_attention_mask=True, return_tensors="pt")
    frames = int(out["attention_mask"].sum())
    return out["input_features"][0, :, :frames], frames


def processed(processor, folder):
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
    of_pictures = ("min_pixels", "max_pixels", "size", "patch_size", "image_mean", "image_std")
    made = {}
    pil = Qwen2VLImageProcessorPil(**{key: value for key, value in processor.items() if key in of_pictures})
    for name in PICTURES:
        out = pil(images=Image.open(os.path.join(folder, name)), return_tensors="pt")
        made[name] = (out["pixel_values"], out["image_grid_thw"])
    return made


def packed_row(grids, frames):
    """A prefix with a picture and two children, the second of which has one more; and a sample of its own, with a sound
    where `frames` says that one is heard."""
    generator = torch.Generator().manual_seed(7)
    text = lambda count: torch.randint(3, 147, (count,), generator=generator).tolist()
    sizes = {name: int(grid.prod()) // 4 for name, grid in grids.items()}
    shapes = {name: [int(side) // 2 for side in grid[0][1:]] for name, grid in grids.items()}
    placeholders = {name: PICTURE for name in grids}
    if frames:
        sizes["sound.wav"] = ((frames - 1) // 2 + 1 - 2) // 2 + 1
        shapes["sound.wav"] = [0, 0]
        placeholders["sound.wav"] = SOUND
    parts = {  # tokens, with a picture's name where it stands
        "prefix": [*text(5), 152, "first.png", 153, *text(6)],
        "first": text(9),
        "second": [*text(3), 152, "second.png", 153, *text(5)],
        "alone": [*text(2), 152, "third.png", 153, *text(7), 152, "second.png", 153, *text(4)],
    }
    if frames:
        parts["alone"] += [148, "sound.wav", 147, *text(5)]
    row = dict(tokens=[], positions=[], segments=[], targets=[], media=[], axes=[])
    names = list(sizes)
    begins, lengths = {}, {}
    for name, parent in (("prefix", -1), ("first", 0), ("second", 0), ("alone", -1)):
        begin = begins[name] = len(row["tokens"])
        for token in parts[name]:
            if isinstance(token, str):
                at = len(row["tokens"])
                row["media"].append([at, at + sizes[token], names.index(token)])
                row["tokens"] += [placeholders[token]] * sizes[token]
            else:
                row["tokens"].append(token)
        lengths[name] = len(row["tokens"]) - begin
        start = lengths["prefix"] if parent == 0 else 0
        row["positions"] += list(range(start, start + lengths[name]))
        row["segments"].append([begin, len(row["tokens"]), parent])
    row["axes"] = [[0, 0, 0]] * len(row["tokens"])
    samples = [("prefix", "first"), ("prefix", "second"), ("alone",)]
    places = [[begins[part] + i for part in sample for i in range(lengths[part])] for sample in samples]
    row["items"] = []
    for index, (sample, place) in enumerate(zip(samples, places)):
        tokens = [row["tokens"][p] for p in place]
        supervised = lengths["prefix"] if index < 2 else 4
        weight = 0.02 + 0.01 * index
        media, at = [], 0
        for token in (token for part in sample for token in parts[part]):
            size = sizes[token] if isinstance(token, str) else 1
            if isinstance(token, str):
                media.append([at, at + size, names.index(token), *shapes[token]])
            at += size
        row["items"].append(dict(tokens=tokens, media=media, weight=weight, supervised=[supervised, len(tokens)]))
        for i in range(supervised - 1, len(place) - 1):
            if row["tokens"][place[i + 1]] not in (PICTURE, SOUND):
                row["targets"].append([place[i], row["tokens"][place[i + 1]], weight, index])
        ranges, begin = [], None
        for i in range(supervised, len(tokens) + 1):
            learned = i < len(tokens) and tokens[i] not in (PICTURE, SOUND)
            if learned and begin is None:
                begin = i
            elif not learned and begin is not None:
                ranges.append([begin, i])
                begin = None
        row["items"][-1]["supervised"] = ranges
    row["targets"].sort(key=lambda target: target[0])
    return row, places, samples, parts


def make(folder, name, build, targets):
    kind, config, processor = build()
    transformers.set_seed(sum(map(ord, name)))
    config._attn_implementation = "eager"
    model = kind(config).float()
    for parameter_name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.data += 0.2 * torch.randn_like(parameter)
        if "pos_embed" in parameter_name:
            parameter.data = 0.5 * torch.randn_like(parameter)
    model.eval()
    model.save_pretrained(folder)
    with open(os.path.join(folder, "preprocessor_config.json"), "w") as file:
        json.dump(processor, file)
    draw(folder)
    media = processed(processor, folder)
    expected = {}
    with torch.no_grad():
        for media_name, (values, grid) in media.items():
            expected["values." + media_name] = values.contiguous()
            features = model.get_image_features(values, grid).pooler_output
            expected["features." + media_name] = (features[0] if isinstance(features, (tuple, list)) else features)
    hears = name.startswith("qwen2_5_omni")
    mel, frames = heard(record(folder)) if hears else (None, 0)
    if hears:
        expected["values.sound.wav"] = mel.contiguous()
        with torch.no_grad():
            expected["features.sound.wav"] = model.get_audio_features(
                mel[None], feature_attention_mask=torch.ones(1, frames).long()).pooler_output.reshape(-1, 64)
    row, places, samples, parts = packed_row({key: grid for key, (_, grid) in media.items()}, frames)
    wrapped = get_peft_model(model, LoraConfig(r=4, lora_alpha=6, target_modules=targets, init_lora_weights=False))
    wrapped.eval()
    wrapped.save_pretrained(os.path.join(folder, "adapter"))
    logits = torch.zeros(len(row["tokens"]), VOCABULARY)
    loss = 0.0
    for index, place in enumerate(places):
        tokens = torch.tensor([[row["tokens"][p] for p in place]])
        shown = [token for part in samples[index] for token in parts[part] if isinstance(token, str)]
        pictures = [key for key in shown if key in media]
        grid = torch.cat([media[key][1] for key in pictures])
        inputs = dict(input_ids=tokens, pixel_values=torch.cat([media[key][0] for key in pictures]),
                      image_grid_thw=grid, use_cache=False)
        if hears:
            lengths = torch.tensor([frames]) if "sound.wav" in shown else None
            position_ids, _ = model.model.get_rope_index(
                tokens, image_grid_thw=grid, attention_mask=torch.ones_like(tokens), audio_seqlens=lengths)
            inputs |= dict(position_ids=position_ids, attention_mask=torch.ones_like(tokens))
            if lengths is not None:
                inputs |= dict(input_features=mel[None], feature_attention_mask=torch.ones(1, frames).long())
        else:
            inputs["mm_token_type_ids"] = (tokens == PICTURE).int()
            position_ids, _ = model.model.get_rope_index(
                tokens, mm_token_type_ids=inputs["mm_token_type_ids"], image_grid_thw=grid)
        for i, p in enumerate(place):
            row["axes"][p] = position_ids[:, 0, i].tolist()
        out = wrapped(**inputs).logits[0]
        logits[place] = out.detach()
        log_probabilities = torch.log_softmax(out, -1)
        where = {p: i for i, p in enumerate(place)}
        for at, token, weight, sample in row["targets"]:
            if sample == index:
                loss = loss - weight * log_probabilities[where[at], token]
    loss.backward()
    expected |= {"logits": logits, "loss": loss.detach().reshape(1)}
    for parameter_name, parameter in wrapped.named_parameters():
        if parameter.requires_grad:
            own = parameter_name.removeprefix("base_model.model.").replace(".default", "").removesuffix(".weight")
            expected["gradient." + own] = parameter.grad.clone().contiguous()
    save_file({key: value.clone().contiguous() for key, value in expected.items()},
              os.path.join(folder, "expected.safetensors"))
    row["files"] = [*PICTURES, "sound.wav"] if hears else list(PICTURES)
    with open(os.path.join(folder, "row.json"), "w") as file:
        json.dump(row, file)


def main():
    torch.set_num_threads(1)
    only = sys.argv[2:]
    for name, (build, targets) in CASES.items():
        if not only or name in only:
            make(os.path.join(sys.argv[1], name), name, build, targets)


main()
