"""One submission's marks, and who marks: processes of this machine, or Dask's workers."""
