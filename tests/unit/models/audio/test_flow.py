"""The flow is exactly invertible, its log-determinant is the Jacobian's, and it sees what it says and no more."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.audio import SpeechNetwork
from models.audio.features import BANDS, HOPS_PER_FRAME
from models.audio.flow import ConditionalFlow
from models.audio.layers import ActNorm, Invertible, Recurrent

FRAMES = 7


@pytest.fixture
def flow(network: SpeechNetwork) -> ConditionalFlow:
    return network.head.double()


@pytest.fixture(autouse=True)
def single_again(network: SpeechNetwork):  # type: ignore[no-untyped-def]
    yield
    network.float()


def inputs(flow: ConditionalFlow, count: int = 2) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    config = flow.config
    hops = HOPS_PER_FRAME * (config.past + FRAMES + config.future)
    motion = torch.randn(count, FRAMES, config.channels, generator=generator, dtype=torch.double)
    motion = motion * flow.deviation + flow.mean
    return motion, torch.randn(count, hops, BANDS, generator=generator, dtype=torch.double)


def test_noise_comes_back_as_the_motion_it_was(network: SpeechNetwork) -> None:
    for flow in (network.mouth, network.head):
        motion, features = (part.float() for part in inputs(flow))
        with torch.no_grad():
            z, _ = flow(motion, features)
            again = flow.sampler(2)(z, flow.sound(features))
        assert (z - flow.standardised(motion)).abs().max() > 0.1, "the network must do something"
        assert torch.allclose(again, motion, atol=1e-5)


def test_motion_in_two_pieces_is_the_motion_in_one(network: SpeechNetwork) -> None:
    flow = network.mouth
    motion, features = (part.float() for part in inputs(flow))
    with torch.no_grad():
        z, _ = flow(motion, features)
        sound = flow.sound(features)
        sampler = flow.sampler(2)
        pieces = [sampler(z[:, :3], sound[:, :3]), sampler(z[:, 3:], sound[:, 3:])]
        assert torch.equal(torch.cat(pieces, 1), flow.sampler(2)(z, sound))


def test_log_density_is_that_of_the_jacobian(flow: ConditionalFlow) -> None:
    motion, features = inputs(flow, 1)

    def noise(standardised: Tensor) -> Tensor:
        z, _ = flow(standardised.reshape(motion.shape) * flow.deviation + flow.mean, features)
        return z.flatten()

    flat = flow.standardised(motion).flatten()
    jacobian = torch.autograd.functional.jacobian(noise, flat)
    _, log_density = flow(motion, features)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(noise(flat)).sum()
    expected = prior + torch.linalg.slogdet(jacobian)[1]
    assert log_density.sum().item() == pytest.approx(expected.item(), rel=1e-9)


def test_a_frame_answers_to_its_past_and_a_little_future_of_the_sound(flow: ConditionalFlow) -> None:
    motion, features = inputs(flow, 1)
    features.requires_grad_()
    frame = 2
    z, _ = flow(motion[:, : frame + 1], features[:, : HOPS_PER_FRAME * (16 + frame)])
    (reach,) = torch.autograd.grad(z[0, frame].abs().sum(), features)
    heard = reach.abs().sum(-1)[0] > 0
    last = HOPS_PER_FRAME * (flow.config.past + frame + 1 + flow.config.future)
    assert heard[last - HOPS_PER_FRAME : last].all()
    assert not heard[last:].any()


def test_forgotten_frames_change_nothing_but_what_is_known_of_the_past(flow: ConditionalFlow) -> None:
    motion, features = inputs(flow)
    forgotten = torch.zeros(2, FRAMES, flow.config.past, dtype=torch.bool)
    assert torch.equal(flow(motion, features, forgotten)[0], flow(motion, features)[0])
    forgotten[:, -1, -1] = True
    z, seen = flow(motion, features, forgotten)[0], flow(motion, features)[0]
    assert torch.equal(z[:, :-1], seen[:, :-1])
    assert not torch.allclose(z[:, -1], seen[:, -1])


def test_no_noise_drives_a_motion_away(network: SpeechNetwork) -> None:
    flow = network.mouth
    _, features = (part.float() for part in inputs(flow))
    sampler, sound = flow.sampler(2), flow.sound(features)
    wild = torch.cat([sampler(torch.full((2, FRAMES, flow.config.channels), 1e4), sound) for _ in range(3)], 1)
    assert torch.isfinite(wild).all()
    assert (flow.standardised(wild).abs() <= 5.001).all()


def test_the_first_batch_sets_the_norm() -> None:
    norm = ActNorm(4).train()
    batch = torch.randn(50, 6, 4) * torch.tensor([0.1, 1, 5, 2]) + 3
    z, log_determinant = norm(batch)
    assert torch.allclose(z.mean((0, 1)), torch.zeros(4), atol=1e-4)
    assert torch.allclose(z.flatten(0, 1).std(0), torch.ones(4), atol=2e-2)
    assert torch.allclose(norm.inverse(z), batch, atol=1e-4)
    before = norm.log_scale.clone()
    norm(batch * 9)
    assert torch.equal(norm.log_scale, before)
    assert log_determinant.item() == pytest.approx(before.sum().item())


def test_the_mixing_matrix_starts_as_a_rotation() -> None:
    mix = Invertible(7)
    matrix = mix.matrix()
    assert torch.allclose(matrix @ matrix.T, torch.eye(7), atol=1e-5)
    x = torch.randn(3, 7)
    z, log_determinant = mix(x)
    assert torch.allclose(mix.inverse(z), x, atol=1e-5)
    assert log_determinant.item() == pytest.approx(torch.linalg.slogdet(matrix)[1].item(), abs=1e-5)


def test_a_step_at_a_time_is_the_whole_sequence() -> None:
    network = Recurrent(3, 5, 2)
    torch.nn.init.normal_(network.head.weight)
    x = torch.randn(2, 6, 3)
    state = network.start(2)
    steps = []
    for frame in x.unbind(1):
        output, state = network.step(frame, state)
        steps.append(output)
    assert torch.allclose(torch.stack(steps, 1), network(x), atol=1e-6)
