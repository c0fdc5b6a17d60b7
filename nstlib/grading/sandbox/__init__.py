"""The trust boundary: what runs in one process with a student's code, where nstlib cannot be imported.

zygote imports PyTorch once and forks; child locks itself into the jail (landlock, seccomp, limits), then reads a
notebook or calls an answer, and replies in frames (protocol, values, answers). These files import one another
relatively, and the standard library, NumPy and PyTorch. Of the rest of nstlib the zygote loads `checks/judging` and
`checks/reading`, by path, and nothing else.
"""
