"""Single steps: the library's beside a plain loop and the bare pass, their memory, and how often they wait."""

from typing import Any

from nstlib.bench.gpu.workshop import Workshop
from nstlib.bench.step import contestants

MEASURED = 3  # steps during which memory is watched


def measure(shop: Workshop, name: str, size: int) -> dict[str, Any]:
    """Return milliseconds, megabytes and waits of a step of each variant, and what the goals ask for."""
    made = contestants(*shop.pair(size), shop.network(name))
    variants = {variant: prepare() for variant, prepare in made.items()}
    medians = shop.meter.medians(variants, shop.scale.rounds)
    waits = {variant: shop.meter.waits(work) for variant, work in variants.items()}
    variants.clear()  # else their memory would count as the next one's
    made.clear()
    shop.meter.forget()
    ours = medians["nstlib"]
    return {
        "ms": medians,
        "of_the_bare_pass": round(ours / medians["bare"], 3),
        "plain_in_ours": round(medians["plain"] / ours, 3),
        "waits": waits,
        "megabytes": {variant: _megabytes(shop, name, size, variant) for variant in medians},
    }


def _megabytes(shop: Workshop, name: str, size: int, variant: str) -> float:
    """Measure the most memory of a few steps, with what they were prepared with."""
    prepare = contestants(*shop.pair(size), shop.network(name))[variant]

    def few() -> None:
        work = prepare()
        for _ in range(MEASURED):
            work()

    megabytes = shop.meter.peak(few)
    shop.meter.forget()
    return megabytes


def large(shop: Workshop, name: str) -> dict[str, Any]:
    """Return seconds and megabytes of steps at the largest size."""
    prepare = contestants(*shop.pair(shop.scale.large), shop.network(name))["nstlib"]
    seconds = []

    def few() -> None:
        work = prepare()
        seconds.extend(shop.meter.seconds(work) for _ in range(MEASURED))

    return {"size": shop.scale.large, "megabytes": shop.meter.peak(few), "seconds": seconds}


def transfers(shop: Workshop, size: int) -> dict[str, float]:
    """Return milliseconds in which a picture of this size comes from the device, the usual way and by pinned memory."""
    content = shop.pair(size)[0].to(shop.plan.device)
    ways = {"cpu": content.cpu, "pinned": lambda: shop.meter.to_cpu(content)}
    return shop.meter.medians(ways, shop.scale.rounds)
