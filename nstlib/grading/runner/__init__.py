"""The parent's side: jobs, the zygote's process, the clock, and the hostile child that tries the jail."""
