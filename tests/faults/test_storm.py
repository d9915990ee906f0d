"""Wrong sign-ins, ten a second, from one address and from a hundred: patients and staff go on.

For 3 seconds; in `make soak` for 30.
"""

import functools
import time
from collections.abc import Iterator

import pytest

from tests.faults.serving import Crowd, serving, tell
from tests.generated import SOAK
from tests.running import Installation, install
from tests.visitor import Visitor

pytestmark = pytest.mark.on_postgresql  # in `make soak` on both

SECONDS, A_SECOND = 30 if SOAK else 3, 10
SLOWER = 0.2  # seconds at most, for
SHARE = 95 if SOAK else 50  # of 100; beside other tests, the slowest tell of those
COOKIE = """
import json
from tests.accounts import cookie_of
cookie = json.loads(cookie_of("colleague", "manager"))
print(f"{cookie['name']}={cookie['value']}")
"""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(tmp_path_factory.mktemp("clinic") / "var")


@pytest.fixture
def address(clinic: Installation) -> Iterator[str]:
    with serving(clinic) as address:
        yield address


def looks(address: str, seconds: float) -> Crowd:
    """Have people look at the home page for so long."""
    crowd = Crowd(address)
    crowd.look_at("/")
    time.sleep(seconds)
    crowd.go_home()
    tell(crowd)
    return crowd


def most_wait(crowd: Crowd) -> float:
    """Within how many seconds so many of 100 were answered."""
    assert {each.answer.status for each in crowd.seen} == {200}
    return sorted(each.seconds for each in crowd.seen)[len(crowd.seen) * SHARE // 100]


def storm(crowd: Crowd, senders: int) -> None:
    """Have them all try to sign in, whether they are answered or not."""
    page = Visitor(crowd.address).get("/admin/login/")
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    sent: dict[str, object] = {
        "csrfmiddlewaretoken": page.value_of("csrfmiddlewaretoken"),
        "password": "wrong",
    }
    for number in range(SECONDS * A_SECOND):
        headers = {"Cookie": cookie, "X_Forwarded_For": f"192.0.2.{number % senders}"}
        values = {**sent, "username": f"somebody{number % senders}"}
        crowd.add(functools.partial(crowd.post, "/admin/login/", values, **headers))
        time.sleep(1 / A_SECOND)


@pytest.mark.parametrize("senders", [1, 100])
def test_a_storm_of_wrong_sign_ins_stops_nobody(
    clinic: Installation, address: str, senders: int
) -> None:
    # Given a site in use, with a colleague who is signed in,
    cookie = clinic.shell(COOKIE)
    quiet = most_wait(looks(address, 2))
    crowd = Crowd(address)
    at_work: list[int] = []

    def work() -> None:
        while not crowd.over.is_set():
            at_work.append(Visitor(address).get("/admin/", Cookie=cookie).status)
            time.sleep(0.2)

    # when somebody tries passwords,
    crowd.add(work)
    crowd.look_at("/")
    storm(crowd, senders)
    crowd.go_home()
    tell(crowd)

    # then patients hardly notice, the colleague goes on, and no password was right.
    assert most_wait(crowd) < quiet + SLOWER
    assert set(at_work) == {200}
    assert {each.answer.status for each in crowd.sent} <= {200, 429}
