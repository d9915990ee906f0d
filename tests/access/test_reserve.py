"""A limit that is taken before the work: of many tries at once exactly so many go through."""

import pytest

from clinic_site.counters import Counter, count_of, give_back, reserve
from tests.running import Site

AT_ONCE = """
import concurrent.futures, threading
from django.db import connection
from clinic_site.counters import Counter, reserve
start = threading.Barrier(8)
def try_ten_times(number):
    start.wait()
    try:
        return [reserve({"name": 50, "address": 20, "everybody": 1000}) for _try in range(10)]
    finally:
        connection.close()
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    let_through = sum(sum(ten) for ten in pool.map(try_ten_times, range(8)))
counts = Counter.objects.filter(key__in=["name", "address", "everybody"])
print(let_through, *counts.values_list("number", flat=True))
"""


def test_of_eighty_at_once_exactly_twenty_are_let_through_and_no_other_counts(site: Site) -> None:
    assert site.shell(AT_ONCE) == "20 20 20 20"


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
