#!/usr/bin/env python3
"""Our progressive GAN against PyTorch in float64: results, gradients, and nine WGAN-GP iterations at 4, 8 and 16 px."""
import pathlib
import sys

import torch
from torch.nn import functional as F

from networks import PAPER, Critic, Form, Generator
from tensors import below, compare, compare_network, finish, read, torch_of

SEED = Form(channels=(16, 16, 16), latent=16)
LAMBDA, DRIFT = 10, 0.001
torch.set_default_dtype(torch.float64)
torch.set_num_threads(2)
folder = pathlib.Path(sys.argv[1])


def weights(arrays, prefix):
    """A network's parameters; a checkpoint has Adam's moments beside them."""
    return {n: a for n, a in below(arrays, prefix).items() if n.split(".")[0].rstrip("0123456789") in ("block", "image")}


def loaded(net, arrays, prefix):
    net.load_state_dict(torch_of(weights(arrays, prefix), torch.float64))
    return net


def gradients_of(net):
    """Of the parameters in use."""
    return {name: p.grad for name, p in net.named_parameters() if p.grad is not None}


def networks(what, form, forward, gradient):
    arrays = read(folder / f"networks_{what}.safetensors")
    for case in sorted({name.split(".")[0] for name in arrays if name.startswith("case")}):
        stage, fade = arrays[case + ".grown"]
        for which, net in (("generator", Generator(form)), ("critic", Critic(form))):
            loaded(net, arrays, which)
            here = below(arrays, f"{case}.{which}")
            about = f"{what}: {which} at {4 << int(stage)} px, fade {fade}"
            x = torch.tensor(here["input"], dtype=torch.float64, requires_grad=True)
            y = net(x, int(stage), fade)
            (y * torch.tensor(here["direction"], dtype=torch.float64)).sum().backward()
            compare(f"{about}, result", here["result"], y, max_scaled=forward)
            compare(f"{about}, input gradient", here["input_gradient"], x.grad, relative_l2=gradient)
            ours, theirs = below(here, "gradient"), gradients_of(net)
            compare_network(f"{about}, gradient", {n: ours[n] for n in theirs}, theirs, relative_l2=gradient)
            for name in ours.keys() - theirs.keys():
                compare(f"{about}, gradient of {name}, which is not in use", ours[name], 0 * ours[name], max_abs=0)


def critic_loss(critic, real, fake, mix, stage, fade):
    """Means over the batch."""
    scores = critic(real, stage, fade)
    x = (mix * real + (1 - mix) * fake).detach().requires_grad_()
    slope, = torch.autograd.grad(critic(x, stage, fade).sum(), x, create_graph=True)
    penalty = LAMBDA * ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
    score_fake = critic(fake, stage, fade).mean()
    loss = score_fake - scores.mean() + penalty + DRIFT * (scores ** 2).mean()
    return loss, {"score_real": scores.mean(), "score_fake": score_fake, "penalty": penalty}


class Run:
    """The state of a training: both networks, the generator's average, both Adams.

    The study's losses are sums over the batch. Adam divides by the gradient's size, so with its epsilon times the batch
    sums make the steps that means make: with `sums`, that is what is run."""

    def __init__(self, arrays, sums=False):
        self.sums = sums
        self.generator = loaded(Generator(SEED), arrays, "generator")
        self.critic = loaded(Critic(SEED), arrays, "critic")
        self.average = loaded(Generator(SEED), arrays, "average")

    def times(self, batch):
        return len(batch["real"]) if self.sums else 1

    def fresh_moments(self, batch):
        new = lambda net: torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0, 0.99), eps=1e-8 * self.times(batch))
        self.adam_generator, self.adam_critic = new(self.generator), new(self.critic)

    def critic_gradients(self, batch):
        stage, fade = int(batch["stage"]), batch["fade"].item()
        real = batch["real"]
        if stage > 0 and fade < 1:
            real = (1 - fade) * F.interpolate(F.avg_pool2d(real, 2), scale_factor=2, mode="nearest") + fade * real
        with torch.no_grad():
            fake = self.generator(batch["critic_latents"], stage, fade)
        self.critic.zero_grad(set_to_none=True)
        loss, said = critic_loss(self.critic, real, fake, batch["mix"], stage, fade)
        (loss * self.times(batch)).backward()
        return dict(said, critic_loss=loss), gradients_of(self.critic)

    def generator_gradients(self, batch):
        stage, fade = int(batch["stage"]), batch["fade"].item()
        self.generator.zero_grad(set_to_none=True)
        loss = -self.critic(self.generator(batch["generator_latents"], stage, fade), stage, fade).mean()
        (loss * self.times(batch)).backward()
        return {"generator_loss": loss}, gradients_of(self.generator)

    def step(self, batch):
        if batch["starts_stage"]:
            self.fresh_moments(batch)
            self.average.load_state_dict(self.generator.state_dict())
        said, _ = self.critic_gradients(batch)
        self.adam_critic.step()
        more, _ = self.generator_gradients(batch)
        self.adam_generator.step()
        decay = batch["average_decay"].item()
        with torch.no_grad():
            for mean, (_, p) in zip(self.average.parameters(), self.generator.named_parameters()):
                if p.grad is not None:  # what is in use
                    mean.mul_(decay).add_((1 - decay) * p)
        return {**said, **more}


def batch_of(what, step):
    return torch_of(read(folder / f"batch_{what}_{step}.safetensors"), torch.float64)


def checkpoint(what, step):
    return read(folder / f"run_{what}_{step}.safetensors")


STEPS = 9


def whole_run(what, tolerance, sums=False):
    """From the first weights on, nothing is taken over again: every parameter, average and moment after every step."""
    run = Run(checkpoint(what, 0), sums)
    for step in range(STEPS):
        batch = batch_of(what, step)
        said = run.step(batch)
        about = f"{what}{', sums' if sums else ''}: step {step} at {4 << int(batch['stage'])} px"
        for name, value in said.items():
            compare(f"{about}, {name}", batch[name], value, relative_l2=tolerance)
        arrays = checkpoint(what, step + 1)
        for which, net in (("generator", run.generator), ("critic", run.critic), ("average", run.average)):
            ours = weights(arrays, which)
            for name, value in net.state_dict().items():
                compare(f"{about}, {which} {name}", ours[name], value, relative_l2=tolerance)


def single_steps(what, loss, gradient):
    """Every step from our weights before it: in float, Adam with beta1 = 0 turns rounding into steps of the learning
    rate, so parameters are not compared. That beta1 is also why the first moment is the gradient."""
    for step in range(STEPS):
        before, after, batch = checkpoint(what, step), checkpoint(what, step + 1), batch_of(what, step)
        run = Run(before)
        about = f"{what}: step {step} at {4 << int(batch['stage'])} px"
        said, theirs = run.critic_gradients(batch)
        ours = below(after, "critic.first")
        compare_network(f"{about}, critic's gradient", {n: ours[n] for n in theirs}, theirs, relative_l2=gradient)
        loaded(run.critic, after, "critic")  # the generator learns from the critic that has stepped
        more, theirs = run.generator_gradients(batch)
        ours = below(after, "generator.first")
        compare_network(f"{about}, generator's gradient", {n: ours[n] for n in theirs}, theirs, relative_l2=gradient)
        for name, value in {**said, **more}.items():
            compare(f"{about}, {name}", batch[name], value, max_scaled=loss)


if (folder / "networks_wide_winograd.safetensors").exists():
    for what in ("wide_winograd", "wide_direct"):
        networks(what, Form(channels=(512, 512, 512), latent=512), 1e-5, 3e-3)
    finish()
networks("double", SEED, 1e-12, 1e-8)
networks("paper", Form(channels=(6, 5, 4), latent=7, image_channels=3, **PAPER), 1e-12, 1e-8)
networks("quick", Form(channels=(6, 5, 4), latent=7, convolutions=1, strides=True, **PAPER), 1e-12, 1e-8)
whole_run("double", 1e-8)
whole_run("double", 1e-8, sums=True)
for what in ("winograd", "direct"):
    networks(what, SEED, 1e-5, 3e-3)
    single_steps(what, 1e-3, 3e-3)
finish()
