"""A limit that is taken before the work: of many tries at once exactly so many go through."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from clinic_site.counters import Counter, count_of, give_back, reserve


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_so_many_are_let_through() -> None:
    def try_ten_times(_number: int) -> list[bool]:
        try:
            return [reserve({"name": 50, "address": 20, "everybody": 1000}) for _try in range(10)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        let_through = [each for ten in pool.map(try_ten_times, range(8)) for each in ten]

    assert let_through.count(True) == 20
    # What was refused counts nowhere.
    assert dict(Counter.objects.values_list("key", "number")) == dict.fromkeys(
        ["name", "address", "everybody"], 20
    )


@pytest.mark.django_db
def test_what_is_given_back_can_be_taken_again() -> None:
    assert [reserve({"name": 2, "everybody": 5}) for _try in range(3)] == [True, True, False]

    give_back("name", "everybody", "unknown")

    assert (count_of("name"), count_of("everybody")) == (1, 1)
    assert [reserve({"name": 2}) for _try in range(2)] == [True, False]


@pytest.mark.django_db
def test_an_hour_later_it_begins_anew() -> None:
    assert [reserve({"name": 1}) for _try in range(2)] == [True, False]
    Counter.objects.update(since=1)

    assert [reserve({"name": 1}) for _try in range(2)] == [True, False]
