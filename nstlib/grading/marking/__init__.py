"""Mark one submission, and mark many: in threads on this machine, or on Dask's workers."""
