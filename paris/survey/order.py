"""The order of a survey's targets: all numbers below a count, once each, without a list of them.

Numbers follow each other as the powers of a generator modulo a prime, as in zmap (Durumeric et al.,
USENIX Security 2013): one number of state, whatever the count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

MOST: Final = 1 << 40  # numbers; beyond, to factor takes long
_WITNESSES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)  # enough below 3.3e24


def in_random_order(count: int, random: Random) -> Iterator[int]:
    """The numbers from 0 to `count` - 1 in a random cyclic order; `count` is at most MOST."""
    prime = count + 1
    while not _is_prime(prime):
        prime += 1
    generator = _generator(prime, random)
    first = number = random.randrange(1, prime)
    while count:
        if number <= count:
            yield number - 1
        number = number * generator % prime
        if number == first:
            return


def _is_prime(number: int) -> bool:
    """Whether this is a prime, by the test of Miller and Rabin; exact for these sizes."""
    if number < 2 or any(number % prime == 0 for prime in _WITNESSES):
        return number in _WITNESSES
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for witness in _WITNESSES:
        power = pow(witness, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def _generator(prime: int, random: Random) -> int:
    """A random number whose powers are all numbers from 1 to `prime` - 1."""
    factors = _prime_factors(prime - 1)
    while True:
        found = random.randrange(1, prime)
        if all(pow(found, (prime - 1) // factor, prime) != 1 for factor in factors):
            return found


def _prime_factors(number: int) -> set[int]:
    factors, divisor = set(), 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.add(divisor)
            number //= divisor
        divisor += 1
    return factors | ({number} if number > 1 else set())
