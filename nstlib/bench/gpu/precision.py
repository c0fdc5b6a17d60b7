"""bfloat16 and float16 beside float32: milliseconds a step, and J of the picture at the end."""

from typing import Any

import torch

from nstlib.bench.gpu.workshop import Workshop
from nstlib.bench.race import Judge
from nstlib.transfer import DivergedError, steps
from nstlib.transfer.settings import Settings

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


def measure(shop: Workshop, name: str) -> dict[str, Any]:
    """Return, by precision, milliseconds a step and J at the end as float32 judges it, or why there is none."""
    size = shop.scale.precise
    content, style = shop.pair(size)
    network = shop.network(name)
    judge = Judge(content, style, network)
    ends: dict[str, float | str] = {}
    variants = {}
    for precision, dtype in DTYPES.items():
        plan = shop.planned(dtype)
        try:
            *_, last = steps(
                content, style, Settings(size=size, steps=shop.scale.passes, plateau=0), network, plan=plan
            )
        except DivergedError as fault:
            ends[precision] = str(fault)
            continue
        ends[precision] = judge(last.picture)
        endless = Settings(size=size, steps=10**6, scales=1, plateau=0)
        running = steps(content, style, endless, network, plan=plan)
        variants[precision] = running.__next__
    return {"size": size, "ms": shop.meter.medians(variants, shop.scale.rounds), "judged": ends}
