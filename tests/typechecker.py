"""beartype as jaxtyping's import hook calls it: a whole number passes for a float, as Python's typing allows."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
