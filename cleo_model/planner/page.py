"""A plan as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator

from cleo_model.planner.machine import Gpus, Machine
from cleo_model.planner.plan import Option, Plan
from cleo_model.planner.speed import OF_PEAK


def lines(plan: Plan, machine: Machine, price: float | None) -> Iterator[str]:
    """The plan, line by line.

    Args:
        price: of one GPU for an hour, in whatever currency; None: hours alone.
    """
    idle = plan.parameters - plan.active
    active = f", of which a token meets {_count(plan.active)}" if idle else ""
    yield f"Parameters: {plan.parameters:,} ({_count(plan.parameters)}{active})."
    yield f"Machine: {_machine(machine)}."
    yield ""
    yield f"{'way':<40}{'weights':>9}{'grads':>8}{'optim.':>8}{'activ.':>8}{'work':>7}{'GB a rank':>11}{'tokens/s':>11}"
    yield from (_row(option, option is plan.chosen or option == plan.chosen) for option in plan.options)
    best = plan.chosen
    yield ""
    yield (
        f"Chosen: {best.way}, micro batches of {best.micro_batch_tokens:,} tokens on each of {plan.ranks} "
        f"rank{'s' * (plan.ranks > 1)}, {best.memory.total / 1e9:.1f} of {plan.available / 1e9:.1f} GB."
    )
    if best.memory.host:
        yield f"The host's memory holds {plan.ranks * best.memory.host / 1e9:.0f} GB of optimizer state."
    told = (
        f" ({OF_PEAK['mixture' if idle else 'dense']:.0%} of the peak is assumed)" if isinstance(machine, Gpus) else ""
    )
    yield (
        f"Speed: {best.tokens_per_second:,.0f} tokens a second, {plan.utilisation:.0%} of the machine's peak in matrix "
        f"products{told}."
    )
    yield f"Time: {plan.tokens:,} tokens / {best.tokens_per_second:,.0f} a second = {_time(best.seconds)}."
    if price is not None and isinstance(machine, Gpus):
        hours = plan.hours * machine.count
        yield f"Cost: {machine.count} x {plan.hours:,.1f} = {hours:,.1f} GPU hours x {price:g} = {hours * price:,.0f}."


def _row(option: Option, chosen: bool) -> str:
    memory = option.memory
    parts = (memory.weights, memory.gradients, memory.optimizer, memory.activations, memory.workspace)
    cells = "".join(f"{part / 1e9:>{width}.1f}" for part, width in zip(parts, (9, 8, 8, 8, 7), strict=True))
    speed = f"{option.tokens_per_second:>11,.0f}" if option.fits else f"{'too large':>11}"
    return f"{'> ' if chosen else '  '}{option.way:<38}{cells}{memory.total / 1e9:>11.1f}{speed}"


def _machine(machine: Machine) -> str:
    if isinstance(machine, Gpus):
        return (
            f"{machine.count} GPU{'s' * (machine.count > 1)} of {machine.memory / 1e9:.0f} GB and "
            f"{machine.tflops:.0f} TFLOPS in bfloat16 (as {machine.name})"
        )
    dtype = "bfloat16" if machine.half else "float32"
    return (
        f"{machine.count} rank{'s' * (machine.count > 1)} of {machine.threads} core{'s' * (machine.threads > 1)} here, "
        f"in {dtype}, timed by a short probe"
    )


def _count(parameters: int) -> str:
    return f"{parameters / 1e9:.2f} billion" if parameters >= 1e9 else f"{parameters / 1e6:.1f} million"


def _time(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:,.1f} minutes"
    return f"{seconds / 3600:,.1f} hours" if seconds < 200 * 3600 else f"{seconds / 86400:,.1f} days"
