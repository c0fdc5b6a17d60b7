"""Time, memory and quality, measured as ratios within one run.

step: ``nst bench``, one step beside a plain loop. race: seconds to quality. limits: how large a picture can be.
precision: what reduced precision costs. roofline: where a pass's time goes. pictures: quality against seconds, as judge
sees it on the held_out pairs. strong: a strong plain loop, which race and pictures run. gpu: all that is to be measured
on a graphics card, in one run.
"""

from nstlib.bench.step import guard, interleaved, machine, peak_memory, table, wait

__all__ = ["guard", "interleaved", "machine", "peak_memory", "table", "wait"]
