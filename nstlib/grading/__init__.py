"""Grade a class: every answer runs in a jailed process of its own, and only the parent decides.

`limits`, `protocol`, `jail`, `seccomp`, `landlock`, `zygote`, `child` and `ingest` also run outside the parent, where
nstlib cannot be imported: they import each other relatively, and this file imports nothing.
"""
