"""Live progress over HTTP, with the real server: streams, one look for all of them, and a browser that watches."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import httpx2
import pytest
import sqlalchemy as sa
import uvicorn
from course import RIGHT, WRONG, hand_in

from autograder.service.queue import QueuePlace
from autograder.service.store.schema import JobRow, SubmissionRow
from autograder.service.web.app import create_app
from autograder.service.web.edge import live
from autograder.service.web.edge.access import COOKIE
from autograder.service.web.edge.live import Live, Sight
from autograder.service.web.edge.signing_in import new_link


@contextmanager
def listening(service):
    """The web process in a thread of this one; its address."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(service.settings), log_level="warning", timeout_graceful_shutdown=1)
    )
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([own],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{own.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def working(service):
    """A worker that takes jobs as they come."""
    stop = threading.Event()

    def run():
        while not stop.wait(0.05):
            service.work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def stream(url: str, cookie: str, submission: str, *, until: str = "done") -> list[tuple[str, str]]:
    """The events of a submission, to the one named so."""
    told = []
    with httpx2.stream("GET", f"{url}/s/{submission}/events", cookies={COOKIE: cookie}, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name, data = "", ""
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name, data = value, ""
            elif field == "data":
                data += value
            elif not line and name:
                told.append((name, data))
                if name == until:
                    break
                name = ""
    return told


def cookie_of(service, name: str) -> str:
    return service.browser(name).cookies[COOKIE]


@pytest.mark.slow
def test_a_stream_tells_place_marking_and_the_end(service):
    hand_in(service, "Bob")
    one = hand_in(service, "Ada", WRONG)
    cookie = cookie_of(service, "Ada")
    with listening(service) as url:
        [(name, waiting)] = stream(url, cookie, one, until="progress")
        assert name == "progress"
        assert "1 before yours" in waiting
        with service.store.writing() as db:
            db.execute(sa.update(JobRow).where(JobRow.submission_id == one).values(state="running"))
            db.get_one(SubmissionRow, one).state = "running"
        [(_, marking)] = stream(url, cookie, one, until="progress")
        assert "Being marked" in marking
        with service.store.writing() as db:
            db.execute(sa.update(JobRow).where(JobRow.submission_id == one).values(state="queued"))
        with working(service):
            assert stream(url, cookie, one)[-1] == ("done", "")
        assert stream(url, cookie, one) == [("done", "")]  # who comes late is told at once


def test_who_practises_is_told_that_what_counts_comes_first(service):
    counts, practice = hand_in(service, "Ada"), hand_in(service, "Bob", practice=True)
    for name, one, told in (("Ada", counts, False), ("Bob", practice, True)):
        assert ("What counts is marked before practice" in service.browser(name).get(f"/s/{one}").text) is told


def test_nobody_watches_what_is_not_theirs(service):
    one = hand_in(service, "Bob")
    with listening(service) as url:
        for cookie, code in ((cookie_of(service, "Ada"), 404), ("", 303)):
            assert httpx2.get(f"{url}/s/{one}/events", cookies={COOKIE: cookie}).status_code == code


@pytest.mark.slow
def test_nobody_opens_streams_without_end_and_who_closes_one_may_open_another(service, monkeypatch):
    monkeypatch.setattr(live, "MOST_STREAMS", 3)
    hers, his = hand_in(service, "Ada"), hand_in(service, "Bob")
    ada, bob, kept = cookie_of(service, "Ada"), cookie_of(service, "Bob"), []
    with listening(service) as url, ExitStack() as held:

        def opened(cookie: str, submission: str) -> int:
            client = held.enter_context(httpx2.Client(cookies={COOKIE: cookie}, timeout=30))
            answer = held.enter_context(client.stream("GET", f"{url}/s/{submission}/events"))
            kept.append(lines := answer.iter_lines())  # who lets go of it closes the stream
            if answer.status_code == 200:
                next(lines)
            return answer.status_code

        assert [opened(ada, hers) for _ in range(5)] == [200, 200, 200, 429, 429]
        assert opened(bob, his) == 200
        held.close()
        wait_until(lambda: opened(ada, hers) == 200)
        held.close()


class Looks:
    """What a database would say, changed by the test, and how often it was asked for what."""

    def __init__(self):
        self.sights, self.asked, self.broken = {}, [], False

    def __call__(self, ids):
        self.asked.append(set(ids))
        if self.broken:
            raise sa.exc.OperationalError("SELECT", {}, OSError("the database is away"))
        return {id_: self.sights[id_] for id_ in ids if id_ in self.sights}


@pytest.fixture
def looks(monkeypatch):
    monkeypatch.setattr(live, "TICK_SECONDS", 0.01)
    return Looks()


def test_hundreds_of_streams_are_one_look_and_the_last_one_ends_it(looks):
    names = [f"s{number}" for number in range(300)]
    looks.sights = dict.fromkeys(names, Sight("queued", QueuePlace("queued", "interactive", 1, 1.0)))
    of = Live(looks)

    async def watched(name):
        return [sight.state async for sight in of.watch(name) if sight]

    async def everything():
        streams = asyncio.gather(*map(watched, names))
        await asyncio.to_thread(wait_until, lambda: looks.asked and looks.asked[-1] == set(names))
        looks.sights = dict.fromkeys(names, Sight("graded"))
        return await streams

    assert asyncio.run(everything()) == [["queued", "graded"]] * 300
    assert max(map(len, looks.asked)) == 300
    assert len(looks.asked) < 300
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "live"])


def test_streams_outlive_a_database_that_was_away(looks):
    looks.sights = {"s": Sight("queued")}
    looks.broken = True
    of = Live(looks)

    async def watched():
        told = []
        async for sight in of.watch("s"):
            told.append(sight.state)
            looks.sights = {"s": Sight("graded")}
        return told

    async def mended():
        stream = asyncio.create_task(watched())
        await asyncio.to_thread(wait_until, lambda: len(looks.asked) >= 3)
        looks.broken = False
        return await stream

    assert asyncio.run(mended()) == ["queued", "graded"]


def test_a_silent_stream_has_a_heartbeat_and_one_that_is_left_is_forgotten(looks, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.02)
    looks.sights = {"s": Sight("queued")}
    of = Live(looks)

    async def watched():
        told = of.watch("s")
        heard = [await anext(told), await anext(told)]
        await told.aclose()
        return heard

    assert asyncio.run(watched()) == [Sight("queued"), None]
    asked = wait_until(lambda: not of._looking and len(looks.asked))  # noqa: SLF001 - the thread has ended
    assert asked


def test_what_is_erased_while_somebody_looks_on_ends_the_stream(looks):
    async def watched():
        return [sight async for sight in Live(looks).watch("s")]

    assert asyncio.run(watched()) == [live.GONE]


def test_a_look_costs_as_many_queries_for_many_as_for_one(service):
    from acting import counted

    ids = [hand_in(service, name) for name in ("Ada", "Bob")]
    asked = []
    for some in (ids[:1], ids):
        with service.store.reading() as db, counted() as said:
            assert [sight.place.ahead for sight in live.sights(db, some).values()]
        asked.append(len(said))
    assert asked[0] == asked[1]


def wait_until(so, seconds: float = 10.0):
    end = time.monotonic() + seconds
    while not (found := so()):
        assert time.monotonic() < end, "this never happened"
        time.sleep(0.01)
    return found


# ----------------------------------------------------------------------------------------------------- a browser
@pytest.fixture
def chromium():
    sync = pytest.importorskip("playwright.sync_api")
    own = shutil.which("chromium") or shutil.which("google-chrome")
    with sync.sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=own, args=["--no-sandbox"])
        except sync.Error as error:
            pytest.skip(f"no browser: {error}")
        yield browser
        browser.close()


@pytest.mark.slow
def test_a_student_submits_watches_reads_and_submits_again(service, chromium):
    """Without a reload, without a script that the content policy forbids, and nothing on the console."""
    with service.store.writing() as db:
        link = new_link(db, service.people["Ada"], "")
    with listening(service) as url:
        page = chromium.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url + link)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Optimizers").click()
        page.set_input_files("#file", {"name": "optimizers.py", "mimeType": "text/x-python", "buffer": WRONG})
        assert "optimizers.py, " in page.inner_text(".chosen")
        page.get_by_role("button", name="Hand in").click()
        page.wait_for_url("**/s/*")
        page.evaluate("window.same = true")
        assert "yours is next" in page.inner_text(".steps")
        with working(service):
            page.wait_for_selector(".score")
            assert page.evaluate("document.activeElement.tagName") == "H1"
            assert "No bias correction" in page.inner_text(".ideas")
            page.wait_for_selector("#drawn svg")
            assert page.evaluate("window.same")
            drawn = page.eval_on_selector("#drawn svg [stroke^='var(--golden']", "e => getComputedStyle(e).stroke")
            assert drawn == "rgb(224, 176, 64)"  # the dark page's
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.get_by_role("link", name="Hand in again").click()
            page.get_by_text("Paste code instead").click()
            page.fill("#code", RIGHT.decode())
            page.get_by_role("button", name="Hand in").click()
            page.wait_for_selector(".since")
            assert "gained: Bias correction" in page.inner_text(".since")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.close()
    assert not complaints


@pytest.mark.slow
def test_without_javascript_a_student_comes_to_the_report_too(service, chromium):
    with service.store.writing() as db:
        link = new_link(db, service.people["Ada"], "")
    with listening(service) as url:
        page = chromium.new_context(java_script_enabled=False).new_page()
        page.goto(url + link)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Optimizers").click()
        page.get_by_text("Paste code instead").click()
        page.fill("#code", WRONG.decode())
        page.get_by_role("button", name="Hand in").click()
        page.wait_for_url("**/s/*")
        service.work()
        page.wait_for_selector(".score")  # by the page's own refresh
        page.close()


@pytest.mark.slow
def test_a_dropped_file_is_taken(service, chromium):
    with service.store.writing() as db:
        link = new_link(db, service.people["Ada"], "")
    with listening(service) as url:
        page = chromium.new_page()
        page.goto(url + link)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Optimizers").click()
        page.evaluate(
            """() => {
              const carried = new DataTransfer();
              carried.items.add(new File(["x = 1"], "mine.py"));
              document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: carried, cancelable: true }));
            }"""
        )
        page.get_by_role("button", name="Hand in").click()
        page.wait_for_url("**/s/*")
        page.close()
    with service.store.reading() as db:
        one = db.scalars(sa.select(SubmissionRow)).one()
    assert (one.name, one.upload) == ("mine.py", b"x = 1")
