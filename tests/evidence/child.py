"""A child for the tests of bounds."""

import sys


def main(arguments: list[str]) -> bytes:
    way = arguments[0]
    if way == "spin":
        while True:
            pass
    if way == "grow":
        return bytes(2**30)
    if way == "die":
        raise SystemExit(3)
    return sys.stdin.buffer.read()
