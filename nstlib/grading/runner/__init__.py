"""The parent's side of a child: jobs, the zygote's process, the clock, and the hostile child that tries the jail."""
