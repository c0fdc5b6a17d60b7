"""What nbval's kernels run first, as PYTHONSTARTUP."""

from tests.lessons import memory

memory.record()
