"""Replies as JSON and arrays, kept without pickle."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from nstlib.checks.judging.replies import Reply
from nstlib.grading.sandbox.values import decode, encode

__all__ = ["decode", "decode_reply", "encode", "encode_reply"]


def encode_reply(reply: Reply, arrays: dict[str, np.ndarray]) -> dict:
    """Return all of a reply but its text, which is for people and may hold what is hidden."""
    return {field.name: encode(getattr(reply, field.name), arrays) for field in fields(reply) if field.name != "text"}


def decode_reply(tree: Mapping, arrays: Mapping[str, np.ndarray]) -> Reply:
    """Return the reply that `encode_reply` was given, without its text."""
    return Reply(**{name: decode(value, arrays) for name, value in tree.items()})
