"""What optimizers, GaLore and NF4 should do, computed independently: torch.optim.AdamW, transformers' Adafactor, and plain
numpy in double precision for the rest. Writes tuning.safetensors beside this file, which is committed; needed again only
where a case is added:  "$(make.sh --environment --print)"/bin/python make_tuning.py

Values and gradients come from a generator of whole numbers that the C++ test has too, so only results are stored.
"""

import math
import os

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers.optimization import Adafactor

STEPS = 24
RATE, DECAY, BETA1, BETA2, EPSILON = 1e-2, 0.1, 0.9, 0.95, 1e-8
SHAPES = {"wide": (24, 40), "tall": (40, 24), "norm.weight": (33,)}
LARGE = {"large": (65, 64)}
GALORE_LARGE = {"tall": (260, 20)}
GALORE = dict(rank=6, gap=10, scale=0.25)
GALORE_8BIT = dict(rank=16, gap=10, scale=0.25)


class Numbers:
    """Park and Miller's generator, as multiples of 2^-24 between -1 and 1: exact in fp32."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, shape):
        out = np.empty(math.prod(shape), np.float32)
        for i in range(out.size):
            self.state = self.state * 48271 % 2147483647
            out[i] = ((self.state >> 6) - (1 << 24)) / (1 << 24)
        return out.reshape(shape)


def gradients_of(shapes, seed):
    numbers = Numbers(seed)
    values = {name: numbers(shape) for name, shape in shapes.items()}
    noise = [{name: numbers(shape) for name, shape in shapes.items()} for _ in range(STEPS)]
    return values, noise


def gradient(value, noise):
    return (noise + np.float32(0.125) * value).astype(np.float32)


def decay_of(name):
    return 0.0 if "norm.weight" in name else DECAY


def with_torch(make, shapes, seed):
    values, noise = gradients_of(shapes, seed)
    parameters = {name: torch.nn.Parameter(torch.from_numpy(value.copy())) for name, value in values.items()}
    optimizer = make([dict(params=[parameter], weight_decay=decay_of(name)) for name, parameter in parameters.items()])
    for step in range(STEPS):
        for name, parameter in parameters.items():
            parameter.grad = torch.from_numpy(gradient(parameter.detach().numpy(), noise[step][name]))
        optimizer.step()
    return {name: parameter.detach().numpy() for name, parameter in parameters.items()}


class AdamW:
    def __init__(self, shape):
        self.mean, self.variance = np.zeros(shape), np.zeros(shape)

    def direction(self, g, step):
        self.mean = BETA1 * self.mean + (1 - BETA1) * g
        self.variance = BETA2 * self.variance + (1 - BETA2) * g * g
        return (self.mean / (1 - BETA1 ** step)) / (np.sqrt(self.variance / (1 - BETA2 ** step)) + EPSILON)


def dynamic_code(signed):
    """bitsandbytes.functional.create_dynamic_map(signed, 7, 8)"""
    data = [0.0, 1.0]
    for i in range(7):
        boundaries = np.linspace(0.1, 1, 2 ** (i if signed else i + 1) + 1, dtype=np.float32)
        means = (boundaries[:-1] + boundaries[1:]) / 2
        data += (10.0 ** (i - 6) * means).tolist()
        if signed:
            data += (-(10.0 ** (i - 6)) * means).tolist()
    return np.sort(np.array(data, np.float32))


def blockwise(x, code, block):
    """Codes' values times the block's largest magnitude, for each number the nearest."""
    flat = x.reshape(-1)
    out = np.empty_like(flat)
    for begin in range(0, flat.size, block):
        part = flat[begin:begin + block]
        scale = np.abs(part).max()
        if scale == 0:
            out[begin:begin + block] = 0
            continue
        nearest = np.abs(part[:, None] * (np.float32(1) / scale) - code[None, :]).argmin(1)
        out[begin:begin + block] = code[nearest] * scale
    return out.reshape(x.shape)


class AdamW8Bit(AdamW):
    """fp32 arithmetic: a difference of a rounding step would choose other codes."""

    def __init__(self, shape):
        self.mean, self.variance = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def direction(self, g, step):
        f = np.float32
        mean = f(BETA1) * self.mean + (f(1) - f(BETA1)) * g.astype(f)
        variance = f(BETA2) * self.variance + (f(1) - f(BETA2)) * g.astype(f) * g.astype(f)
        self.mean = blockwise(mean, dynamic_code(True), 256)
        self.variance = blockwise(variance, dynamic_code(False), 256)
        return (mean.astype(float) / (1 - BETA1 ** step)) / (np.sqrt(variance.astype(float) / (1 - BETA2 ** step)) +
                                                            EPSILON)


class AdafactorDirection:
    def __init__(self, shape):
        self.rows, self.columns = np.zeros(shape[0]), np.zeros(shape[-1])

    def direction(self, g, step):
        keep = 1 - step ** -0.8
        squares = g * g + 1e-30
        if g.ndim == 1:
            self.rows = keep * self.rows + (1 - keep) * squares
            update = g / np.sqrt(self.rows)
            return update / max(1.0, np.sqrt((update * update).mean()))
        self.rows = keep * self.rows + (1 - keep) * squares.mean(1)
        self.columns = keep * self.columns + (1 - keep) * squares.mean(0)
        update = g / np.sqrt(np.outer(self.rows / self.rows.mean(), self.columns))
        return update / max(1.0, np.sqrt((update * update).mean()))


class Muon:
    def __init__(self, shape):
        self.momentum = np.zeros(shape)

    def direction(self, g, step):
        self.momentum = 0.95 * self.momentum + 0.05 * g
        x = 0.05 * g + 0.95 * self.momentum
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / max(np.linalg.norm(x), 1e-7)
        for _ in range(5):
            gram = x @ x.T
            x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
        return (x.T if tall else x) * 0.2 * math.sqrt(max(g.shape))


class Lion:
    def __init__(self, shape):
        self.momentum = np.zeros(shape)

    def direction(self, g, step):
        sign = np.sign(BETA1 * self.momentum + (1 - BETA1) * g)
        self.momentum = BETA2 * self.momentum + (1 - BETA2) * g
        return sign


class Galore:
    """galore_torch's GaLoreProjector, "std": the optimizer sees G·V of a tall matrix, Uᵀ·G of a wide one."""

    def __init__(self, inner, shape, rank, gap, scale):
        self.tall, self.rank, self.gap, self.scale = shape[0] >= shape[1], rank, gap, scale
        self.inner = inner((shape[0], rank) if self.tall else (rank, shape[1]))

    def direction(self, g, step):
        if (step - 1) % self.gap == 0:
            u, _, vt = np.linalg.svd(g, full_matrices=False)
            basis = vt[:self.rank].T if self.tall else u[:, :self.rank]
            self.basis = basis * np.where(basis.max(0) >= -basis.min(0), 1.0, -1.0)
        if self.tall:
            return self.scale * self.inner.direction(g @ self.basis, step) @ self.basis.T
        return self.scale * self.basis @ self.inner.direction(self.basis.T @ g, step)


def with_numpy(make, shapes, seed):
    values, noise = gradients_of(shapes, seed)
    values = {name: value.astype(float) for name, value in values.items()}
    rules = {name: make(shape) for name, shape in shapes.items()}
    for step in range(1, STEPS + 1):
        for name, value in values.items():
            g = gradient(value.astype(np.float32), noise[step - 1][name]).astype(float)
            value *= 1 - RATE * decay_of(name)
            value -= RATE * rules[name].direction(g, step)
    return {name: value.astype(np.float32) for name, value in values.items()}


def matrices(rule, other=AdamW):
    return lambda shape: rule(shape) if len(shape) == 2 else other(shape)


NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
                1.0], np.float32)


def nf4(x, double):
    """QLoRA's quantisation and back, bitsandbytes' block sizes."""
    flat = x.reshape(-1)
    blocks = [flat[begin:begin + 64] for begin in range(0, flat.size, 64)]
    scales = np.array([np.abs(block).max() for block in blocks], np.float32)
    used = scales
    if double:
        mean = np.float32(scales.astype(float).mean())
        used = blockwise((scales - mean).astype(np.float32), dynamic_code(True), 256) + mean
    out = [NF4[np.abs(block[:, None] * (np.float32(1) / scale) - NF4[None, :]).argmin(1)] * again
           for block, scale, again in zip(blocks, scales, used)]
    return np.concatenate(out).reshape(x.shape).astype(np.float32)


def main():
    torch.set_num_threads(1)
    out = {}

    def put(case, results):
        for name, value in results.items():
            out[f"{case}/{name}"] = np.ascontiguousarray(value)

    adam = dict(lr=RATE, betas=(BETA1, BETA2), eps=EPSILON)
    put("adamw_torch", with_torch(lambda groups: torch.optim.AdamW(groups, **adam), SHAPES, 1))
    put("adafactor", with_torch(lambda groups: Adafactor(groups, lr=RATE, scale_parameter=False, relative_step=False),
                                SHAPES, 2))
    put("muon", with_numpy(matrices(Muon), SHAPES, 3))
    put("lion", with_numpy(Lion, SHAPES, 4))
    put("adamw_8bit", with_numpy(AdamW8Bit, LARGE, 5))
    put("galore_adamw_torch", with_numpy(matrices(lambda shape: Galore(AdamW, shape, **GALORE)), SHAPES, 6))
    put("galore_adafactor", with_numpy(matrices(lambda shape: Galore(AdafactorDirection, shape, **GALORE),
                                                       AdafactorDirection), SHAPES, 7))
    put("galore_adamw_8bit", with_numpy(lambda shape: Galore(AdamW8Bit, shape, **GALORE_8BIT), GALORE_LARGE, 8))
    numbers = Numbers(9)
    # A sum of three is nearer to a normal distribution; the last column is far out, as some of a model's are.
    weights = numbers((130, 130)) + numbers((130, 130)) + numbers((130, 130))
    weights[:, -1] *= 8
    put("nf4", {"once": nf4(weights, False), "twice": nf4(weights, True)})
    save_file(out, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tuning.safetensors"))


main()
