"""A bucket empties one by one, fills with time, and never gives more than it holds, however many ask at once."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from qipan.kernel.accounts import limits
from qipan.kernel.ledger import clock

RATE = limits.Rate(3, 60)


@pytest.mark.django_db
def test_it_empties_and_fills() -> None:
    start = clock.now()
    with clock.at(start):
        assert [limits.take("k", RATE) for _ in range(4)] == [True, True, True, False]
        assert limits.take("other", RATE)
    with clock.at(start + datetime.timedelta(seconds=21)):
        assert limits.take("k", RATE) and not limits.take("k", RATE)
    with clock.at(start + datetime.timedelta(hours=1)):
        assert [limits.take("k", RATE) for _ in range(4)] == [True, True, True, False]
    with clock.at(start + datetime.timedelta(days=3)):
        assert limits.sweep() == 2


@pytest.mark.django_db
def test_a_right_try_is_given_back() -> None:
    for _try in range(10):
        assert limits.take("k", RATE)
        limits.give_back("k", RATE)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_three() -> None:
    def ask(_number: int) -> bool:
        try:
            return limits.take("rush", RATE)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(ask, range(20))) == 3
