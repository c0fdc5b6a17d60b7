"""The trust boundary: what runs beside a student's code, where nstlib cannot be imported.

zygote imports PyTorch once and forks; child locks itself into the jail (landlock, seccomp, limits), then reads a
notebook or calls an answer, and replies in frames (protocol, answers). These files import each other relatively, the
standard library, NumPy and PyTorch; of nstlib they know `checks/judging` and `checks/reading` alone, which the zygote
loads by path. This file imports nothing.
"""
