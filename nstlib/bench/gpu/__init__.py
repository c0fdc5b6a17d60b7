"""All that is to be measured on a GPU, in one short run: ``python -m nstlib.bench.gpu OUT``.

It is made for a card that one has for a few minutes only. So it is rehearsed on the CPU, by NST_DEVICE=cpu and --small,
and may be cut off at any time: each part is saved when it ends, the most useful first, and a second run makes those
that are missing. CONTRIBUTING.md says what to type.

journal: the parts that were done, as results.json. meter: clock and counters of a device; all else runs alike on the
CPU. scale: how large and how long each part is. workshop: the networks and pictures that parts share. painting,
stepping, studio, precision, shortcuts, others: the parts. parts: their order. goals: what was asked for. weights:
VGG-16 in 16 bits, to carry.
"""
