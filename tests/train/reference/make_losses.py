"""What TRL's own code makes of log-probabilities: losses and their gradients for tests/train/losses_test.cc. Writes
losses.json beside this file, which is committed; needed again only where a case is added (trl==1.16.0, see bench/train.py):
  ~/.cache/yanxing/bench-train/bin/python make_losses.py

TRL's trainers are not made whole: their loss functions run on a stand-in for the trainer and a model that answers with
given log-probabilities.
"""

import collections
import json
import os
import types
from unittest.mock import MagicMock

import torch
from trl.experimental.cpo.cpo_trainer import CPOTrainer
from trl.experimental.gkd.gkd_trainer import GKDTrainer
from trl.experimental.orpo.orpo_trainer import ORPOTrainer
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.kto_trainer import KTOTrainer

torch.set_default_dtype(torch.float64)
torch.manual_seed(5)
LENGTHS = [(5, 3), (2, 7), (4, 4)]  # tokens of the chosen and the rejected answer


def stand_in(**fields):
    same = lambda value: value  # noqa: E731
    accelerator = types.SimpleNamespace(device="cpu", gather=same, gather_for_metrics=same, num_processes=1,
                                        unwrap_model=same, sync_gradients=True, reduce=lambda v, reduction: v)
    trainer = MagicMock()
    trainer.accelerator = accelerator
    trainer._metrics = collections.defaultdict(lambda: collections.defaultdict(list))
    trainer.aux_loss_enabled = False
    for name, value in fields.items():
        setattr(trainer, name, value)
    return trainer


class Answers:
    """A model whose fused head gives these log-probabilities: (answers, tokens), 0 beyond an answer's end."""

    def __init__(self, log_probs):
        self.log_probs = log_probs

    def __call__(self, **_):
        zeros = torch.zeros_like(self.log_probs)
        return types.SimpleNamespace(log_probs=self.log_probs, entropy=zeros, mean_logits=zeros, is_top1=zeros.bool())


def answers(lengths):
    widest = max(lengths)
    mask = torch.tensor([[1] * n + [0] * (widest - n) for n in lengths])
    values = -(torch.rand(len(lengths), widest) * 3 + 0.05) * mask
    reference = (values + (torch.rand(len(lengths), widest) - 0.5) * mask).sum(1)
    return values, mask, reference


def inputs_of(mask):
    with_prompt = torch.cat([torch.zeros(len(mask), 1, dtype=torch.long), mask], 1)
    return dict(input_ids=torch.ones_like(with_prompt), attention_mask=torch.ones_like(with_prompt),
                completion_mask=with_prompt)


def pairs():
    chosen = [a for a, _ in LENGTHS]
    rejected = [b for _, b in LENGTHS]
    return answers(chosen + rejected)


def record(kind, settings, loss, log_probs, mask, reference):
    """Loss of the batch, and its derivative by each answer's summed log p (the same for all of its tokens)."""
    count = len(mask) // 2
    slopes = log_probs.grad[:, 0]
    sums = (log_probs.detach() * mask).sum(1)
    answer = lambda i: dict(log_p=sums[i].item(), reference=reference[i].item(), tokens=int(mask[i].sum()),
                            slope=slopes[i].item())  # noqa: E731
    return dict(kind=kind, settings=settings, loss=loss.item(),
                pairs=[dict(chosen=answer(i), rejected=answer(count + i)) for i in range(count)])


def dpo(kind, beta, sft_weight=0.0):
    values, mask, reference = pairs()
    log_probs = values.clone().requires_grad_()
    kinds = [kind] + (["sft"] if sft_weight else [])
    trainer = stand_in(beta=beta, loss_types=kinds, loss_weights=[1.0] + ([sft_weight] if sft_weight else []),
                       ld_alpha=None, precompute_ref_logps=True, f_divergence_type="reverse_kl", use_weighting=False)
    half = len(mask) // 2
    loss = DPOTrainer._compute_loss(trainer, Answers(log_probs), dict(
        inputs_of(mask), ref_chosen_logps=reference[:half], ref_rejected_logps=reference[half:]), False)
    loss.backward()
    return record("dpo", dict(kind=kind, beta=beta, rpo_alpha=sft_weight), loss, log_probs, mask, reference)


def orpo(beta):
    values, mask, reference = pairs()
    log_probs = values.clone().requires_grad_()
    means = log_probs.sum(1) / mask.sum(1)
    chosen, rejected = means.chunk(2)
    losses, *_ = ORPOTrainer.odds_ratio_loss(stand_in(beta=beta), chosen.double(), rejected.double())
    loss = (-chosen - losses).mean()  # get_batch_loss_metrics: nll − ratio, here each answer's own mean
    loss.backward()
    return record("orpo", dict(beta=beta), loss, log_probs, mask, reference)


def simpo(beta, gamma, nll, smoothing):
    values, mask, reference = pairs()
    log_probs = values.clone().requires_grad_()
    means = log_probs.sum(1) / mask.sum(1)
    chosen, rejected = means.chunk(2)
    trainer = stand_in(beta=beta, simpo_gamma=gamma, label_smoothing=smoothing, loss_type="simpo", alpha=0.0)
    losses, *_ = CPOTrainer.cpo_loss(trainer, chosen, rejected)
    loss = (losses - nll * chosen).mean()
    loss.backward()
    settings = dict(beta=beta, gamma=gamma, nll=nll, label_smoothing=smoothing)
    return record("simpo", settings, loss, log_probs, mask, reference)


def kto(beta, desirable, undesirable, moved):
    lengths = [5, 3, 2, 7, 4]
    labels = [True, False, True, True, False]
    values, mask, reference = answers(lengths)
    mismatched, mismatched_mask, mismatched_reference = answers(lengths)
    mismatched_reference = mismatched.sum(1) - moved * torch.rand(len(lengths))
    log_probs = values.clone().requires_grad_()
    trainer = stand_in(beta=beta, loss_type="kto", desirable_weight=desirable, undesirable_weight=undesirable,
                       precompute_ref_logps=True, calculate_KL=True, _compute_kl_logps=lambda *_: mismatched.sum(1))
    loss = KTOTrainer._compute_loss(trainer, Answers(log_probs), dict(
        inputs_of(mask), label=torch.tensor(labels), ref_logps=reference, ref_KL_logps=mismatched_reference), False)
    loss.backward()
    rows = []
    for i, label in enumerate(labels):
        rows.append(dict(label=label, log_p=values[i].sum().item(), reference=reference[i].item(),
                         slope=log_probs.grad[i, 0].item(), mismatched=mismatched[i].sum().item(),
                         mismatched_reference=mismatched_reference[i].item()))
    return dict(kind="kto", settings=dict(beta=beta, desirable_weight=desirable, undesirable_weight=undesirable),
                loss=loss.item(), answers=rows)


def grpo(kind, beta, by_sequence=False, delta=None, epsilon_high=0.28):
    lengths = [4, 2, 6, 3]
    values, mask, _ = answers(lengths)
    old = values + (torch.rand_like(values) - 0.5) * 1.2 * mask
    reference = values + (torch.rand_like(values) - 0.5) * mask
    rewards = [1.0, -5.0, 0.0, 1.0]
    advantages = torch.tensor([0.8, -1.4, -0.2, 0.8])
    log_probs = values.clone().requires_grad_()
    high = 1.1 if kind == "cispo" else epsilon_high
    trainer = stand_in(
        beta=beta, loss_type=kind, epsilon_low=0.2, epsilon_high=high, top_entropy_quantile=1.0,
        off_policy_mask_threshold=None, importance_sampling_level="sequence" if by_sequence else "token",
        use_vllm=False, current_gradient_accumulation_steps=1, max_completion_length=50, _entropy_bonus_enabled=False,
        args=types.SimpleNamespace(delta=delta, use_bias_correction_kl=False, steps_per_generation=1),
        _get_per_token_logps_and_entropies=lambda *_, **__: (log_probs, torch.zeros_like(log_probs), None))
    ones = torch.ones(len(lengths), 1, dtype=torch.long)
    loss = GRPOTrainer._compute_loss(trainer, MagicMock(), dict(
        prompt_ids=ones, prompt_mask=ones, completion_ids=torch.ones_like(mask), completion_mask=mask,
        advantages=advantages, old_per_token_logps=old, ref_per_token_logps=reference,
        num_items_in_batch=mask.sum()))
    loss.backward()
    rows = []
    for i, length in enumerate(lengths):
        rows.append(dict(advantage=advantages[i].item(), log_p=values[i, :length].tolist(), old=old[i, :length].tolist(),
                         reference=reference[i, :length].tolist(), slopes=log_probs.grad[i, :length].tolist()))
    return dict(kind="grpo", settings=dict(kind=kind, beta=beta, epsilon=0.2, epsilon_high=high, delta=delta or 0,
                                           by_sequence=by_sequence, longest=50), loss=loss.item(), completions=rows)


def gkd(beta):
    student = (2 * torch.randn(3, 7)).requires_grad_()
    teacher = 2 * torch.randn(3, 7)
    # Batches of one token each; "sum" so that each row is by itself.
    loss = GKDTrainer.generalized_jsd_loss(student.unsqueeze(1), teacher.unsqueeze(1), beta=beta, reduction="sum")
    loss.backward()
    return dict(kind="gkd", settings=dict(beta=beta), loss=loss.item(), student=student.tolist(),
                teacher=teacher.tolist(), slopes=student.grad.tolist())


cases = [dpo("sigmoid", 0.1), dpo("hinge", 0.3), dpo("ipo", 0.1), dpo("sigmoid", 0.5), orpo(0.1), orpo(0.5),
         simpo(2.0, 1.0, 0.0, 0.0), simpo(2.0, 1.6, 1.0, 0.0), simpo(1.0, 0.5, 0.0, 0.2), kto(0.1, 1, 1, 3.0),
         kto(0.4, 2, 0.5, -3.0)]
for kind in ("grpo", "bnpo", "dr_grpo", "dapo", "cispo"):
    cases += [grpo(kind, 0.04), grpo(kind, 0.0)]
cases += [grpo("grpo", 0.1, by_sequence=True), grpo("dapo", 0.0, delta=1.25)]
cases += [gkd(beta) for beta in (0.0, 0.1, 0.5, 0.9, 1.0)]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses.json"), "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
