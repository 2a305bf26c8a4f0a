"""The service as people meet it, in real Chromium: students and staff from link to report, and every page by axe."""

from __future__ import annotations

import base64
import itertools
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from acting import AVERAGED, TEXT, Edition, every_route, text_item
from browser import NARROW, Visits, faults, tab_to, visiting
from conftest import require
from course import RIGHT, WRONG, Service, hand_in, serving
from drawn import charts
from learning_platform import LearningPlatform, listening, person
from playwright.sync_api import Locator, Page, expect
from workers import working

from autograder.assignment import load
from autograder.render.pictures import drawn
from autograder.service.store import reports
from autograder.service.store.links import hashed
from autograder.service.store.schema import (
    AssignmentRow,
    CommentRow,
    ContextRow,
    CourseRow,
    JobRow,
    LaunchRow,
    MembershipRow,
    NoticeRow,
    PlatformRow,
    ReportRow,
    ResourceRow,
    SessionRow,
    SubmissionRow,
    TokenRow,
    UserRow,
    VersionRow,
    now,
)
from autograder.service.web.staff.needs import needs
from autograder.service.worker import marking
from autograder.service.worker.context import Context

HANDS = [path.read_bytes() for path in load("optimizers").hands]
expect.set_options(timeout=20_000)

DROP = """(zone, [name, bytes]) => {
  const given = new DataTransfer();
  given.items.add(new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], name));
  for (const kind of ["dragenter", "dragover", "drop"])
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: given, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def visits(tmp_path_factory) -> Iterator[Visits]:
    """One service for all of them, each with people of their own: twelve students have handed in, two the same."""
    require("browser")
    require("landlock")
    with serving(tmp_path_factory.mktemp("service")) as service:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(marking, "draw", lambda *_: None)  # pictures take twice as long as marks
            for number, source in enumerate((WRONG, WRONG, *HANDS[:10])):
                service.person(f"Student{number}")
                answers = {text_item(service, f"Student{number}").id: TEXT if number % 2 else "It starts at zero."}
                hand_in(service, f"Student{number}", source, answers=answers)
            service.work()
        with visiting(service) as found:
            yield found


@pytest.fixture
def service(visits: Visits) -> Service:
    return visits.service


def report(page: Page) -> None:
    """Waits for it."""
    expect(page.locator("header.first h1")).to_be_visible()


def chosen(source: bytes) -> dict[str, object]:
    return {"name": "optimizers.py", "mimeType": "text/x-python", "buffer": source}


# ---------------------------------------------------------------------------------------------------------- students
@pytest.mark.slow
def test_a_large_file_says_how_far_it_is_and_a_refusal_is_shown(service, visits):
    large, said = chosen(RIGHT + b"#" * 1_000_000), []
    watch = """() => {
        const button = document.querySelector("form.hand-in button")
        new MutationObserver(() => window.say(button.textContent)).observe(button, {childList: true})
    }"""
    with visits.page("Ada", wanted="status of 403") as page:
        page.expose_function("say", lambda text: said.append(text))  # noqa: PLW0108 - Playwright marks what it is given
        page.goto(page.url + f"a/{service.assignment}")
        page.evaluate(watch)
        hers = {"user": service.people["Ada"], "name": "Ada", "csrf": "another page's"}
        page.route("**/session", lambda route: route.fulfill(json=hers))
        page.locator("#file").set_input_files(large)
        page.get_by_role("button", name="Hand in", exact=True).click()
        expect(page.locator("main")).to_contain_text("This form is not from your session")
        assert said[0] == "Uploading …"
        assert "Uploading, 100 % …" in said
        page.unroute("**/session")
        page.goto(f"/a/{service.assignment}")
        page.locator("#file").set_input_files(large)
        page.get_by_role("button", name="Hand in", exact=True).click()
        page.wait_for_url("**/s/*")
        expect(page.locator("[aria-current=step]")).to_contain_text("In the queue")
    service.work()


@pytest.mark.slow
def test_a_student_hands_in_watches_reads_answers_and_hands_in_again(service, visits, monkeypatch):
    """On a phone's screen: by dropping a file, then by choosing one. A page that waits for a report is loaded once."""
    service.person("Hopper")
    go = hold(monkeypatch)
    with visits.page("Hopper", viewport=NARROW) as page:
        page.get_by_role("link", name="Optimizers").click()
        page.locator("#file").set_input_files(chosen(b"#" * 9_000_000))
        page.get_by_role("button", name="Hand in", exact=True).click()
        expect(page.locator(".chosen")).to_contain_text("at most 8.0 MB are taken")
        page.locator(".drop").evaluate(DROP, ["optimizers.py", base64.b64encode(WRONG).decode()])
        expect(page.locator(".chosen")).to_contain_text("optimizers.py")
        page.get_by_role("button", name="Hand in", exact=True).click()
        now_at = page.locator("[aria-current=step]")
        expect(now_at).to_contain_text("yours is next")
        page.evaluate("window.stayed = true")
        with working(service, slots=1):
            expect(now_at).to_contain_text("Being marked")
            go.set()
            report(page)
            assert page.evaluate("window.stayed"), "the report came without a reload"
            assert page.evaluate("document.activeElement.tagName") == "H1"
            expect(page.locator("main")).to_contain_text("bias correction")
            expect(page.get_by_role("region", name="Pictures").locator("img, svg").first).to_be_visible()

            page.get_by_role("link", name="Hand in again").click()
            page.get_by_role("link", name="Go to the quiz").click()
            page.get_by_role("radio").first.check()
            expect(page.locator("#saved")).to_contain_text("1 of")
            page.get_by_role("navigation", name="Where you are").get_by_role("link", name="Optimizers").click()
            expect(page.locator("form.hand-in")).to_contain_text("1 saved quiz answer is handed in with it")
            with page.expect_file_chooser() as chooser:
                page.locator(".drop").click()
            chooser.value.set_files(chosen(RIGHT))
            page.get_by_role("button", name="Hand in", exact=True).click()
            report(page)
            since = page.get_by_role("region", name="Since submission 1")
            expect(since).to_contain_text("gained")
            expect(since).to_contain_text("no longer")


@pytest.mark.slow
def test_answers_are_not_lost_with_a_session(service, visits):
    """Typed on, they are not saved, which is said, and not sent away; signed in again in another tab, they are."""
    service.person("Ritchie")
    with visits.page("Ritchie", wanted="401|403|htmx:(sendAbort|afterRequest)") as page, working(service, slots=1):
        page.goto(f"/a/{service.assignment}/quiz")
        saved, first = page.locator("#saved"), page.get_by_role("textbox").first
        first.fill("160 GB")
        expect(saved).to_contain_text("1 of")
        with service.store.writing() as db:
            db.execute(sa.update(SessionRow).values(expires_at=now() - 1))
        first.fill("320 GB")
        expect(saved).to_contain_text("Not saved. You are signed out.")
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.get_by_role("button", name="Hand in with my latest code").click()
        expect(saved).to_contain_text("Not saved. You are signed out.")
        assert not any(address.endswith("/hand-in") for address in asked), "saving is not handing in"
        assert first.input_value() == "320 GB"
        other = page.context.new_page()
        other.goto(visits.link("Ritchie"))
        other.get_by_role("button", name="Sign in").click()
        other.get_by_role("button", name="Sign out").wait_for()
        with page.expect_response(lambda answer: answer.ok and "480" in (answer.request.post_data or "")):
            first.fill("480 GB")
        expect(saved).to_contain_text("1 of")
        page.reload()
        assert first.input_value() == "480 GB"


def end_session(service: Service, name: str) -> None:
    with service.store.writing() as db:
        ended = sa.update(SessionRow).where(SessionRow.user_id == service.people[name])
        db.execute(ended.values(expires_at=now() - 1))


def sign_in_again(page: Page, visits: Visits, name: str) -> None:
    page.goto(visits.link(name))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["in another tab", "in the same tab"])
def test_a_file_that_was_chosen_outlives_the_session(service, visits, where):
    name = f"Kernighan{len(where)}"
    service.person(name)
    with visits.page(name, wanted="401") as page:
        page.goto(f"/a/{service.assignment}")
        page.locator("#file").set_input_files(chosen(RIGHT))
        end_session(service, name)
        page.get_by_role("button", name="Hand in", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("You are signed out. Nothing is lost")
        if where == "in another tab":
            other = page.context.new_page()
            sign_in_again(other, visits, name)
            page.bring_to_front()
            page.evaluate("dispatchEvent(new Event('focus'))")  # a browser without a window has none
        else:
            page.get_by_role("link", name="Sign in").click()
            page.get_by_label("Paste the whole link").fill(visits.link(name))
            page.get_by_role("button", name="Sign in with this link").click()
            page.wait_for_url(f"**/a/{service.assignment}")
        expect(page.get_by_role("alert")).to_contain_text(
            "You are signed in again. What you chose or typed is still here."
        )
        assert page.locator("#file").evaluate("field => field.files[0].size") == len(RIGHT)
        page.get_by_role("button", name="Hand in", exact=True).click()
        page.wait_for_url("**/s/*")
        with service.store.reading() as db:
            sent = db.scalars(sa.select(SubmissionRow).where(SubmissionRow.user_id == service.people[name])).one()
            assert sent.upload == RIGHT
    service.work()


@pytest.mark.slow
def test_answers_that_were_typed_come_back_after_signing_in_in_the_same_tab(service, visits):
    service.person("Thompson")
    with visits.page("Thompson", wanted="401") as page, working(service, slots=1):
        page.goto(f"/a/{service.assignment}/quiz")
        first = page.get_by_role("textbox").first
        first.wait_for()
        end_session(service, "Thompson")
        first.fill("320 GB")
        expect(page.get_by_role("alert")).to_contain_text("You are signed out. Nothing is lost")
        page.get_by_role("link", name="Sign in").click()
        page.get_by_label("Paste the whole link").fill(visits.link("Thompson"))
        page.get_by_role("button", name="Sign in with this link").click()
        expect(page.locator("#saved")).to_contain_text("1 of")
        assert first.input_value() == "320 GB"


@pytest.mark.slow
def test_what_somebody_typed_is_not_given_to_whoever_signs_in_next(service, visits):
    for name in ("Wirth", "Hoare"):
        service.person(name)
    with visits.page("Wirth", wanted="401") as page:
        page.goto(f"/a/{service.assignment}")
        page.locator("#file").set_input_files(chosen(RIGHT))
        end_session(service, "Wirth")
        page.get_by_role("button", name="Hand in", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("You are signed out")
        other = page.context.new_page()
        sign_in_again(other, visits, "Hoare")
        page.get_by_role("button", name="Hand in", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("Somebody else is signed in")
        other.goto(f"/a/{service.assignment}")
        expect(other.get_by_role("button", name="Hand in", exact=True)).to_be_visible()
        assert other.locator("#file").evaluate("field => field.files.length") == 0


@pytest.mark.slow
def test_without_javascript_a_form_waits_until_somebody_has_signed_in(service, visits):
    service.person("Dijkstra")
    with visits.page("Dijkstra", java_script_enabled=False, wanted="401") as page:
        page.goto(f"/a/{service.assignment}")
        page.locator("#file").set_input_files(chosen(RIGHT))
        end_session(service, "Dijkstra")
        page.get_by_role("button", name="Hand in", exact=True).click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Sign in in another tab").click()
        sign_in_again(opened.value, visits, "Dijkstra")
        page.get_by_role("button", name="Send it now").click()
        page.wait_for_url("**/s/*")
    service.work()


def hold(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Markings begin, and go on once this is set."""
    go, really = threading.Event(), Context.assignment

    def assignment(context: Context, *args: Any, **options: Any) -> Any:
        assert go.wait(60)
        return really(context, *args, **options)

    monkeypatch.setattr(Context, "assignment", assignment)
    return go


@pytest.mark.slow
def test_a_keyboard_is_enough(service, visits):
    """From the link to the second report; what has the focus shows it."""
    service.person("Knuth")
    with visits.page() as page, working(service, slots=2):
        page.goto(visits.link("Knuth"))
        press(page, page.get_by_role("button", name="Sign in"))
        page.get_by_role("heading", name="Your courses").wait_for()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        press(page, page.get_by_role("link", name="Optimizers"))
        for number in (1, 2):
            press(page, page.locator("summary").filter(has_text="Paste code instead"))
            tab_to(page, page.get_by_label("Code of your optimizers.py"))
            page.keyboard.insert_text(WRONG.decode())
            tab_to(page, page.get_by_role("button", name="Hand in", exact=True))
            page.keyboard.press("Enter")
            report(page)
            expect(page.locator("main")).to_contain_text(f"Submission {number}")
            if number == 1:
                press(page, page.get_by_role("link", name="Hand in again"))
        tab_to(page, page.get_by_role("button", name="Sign out"), back=True)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def press(page: Page, wanted: Locator) -> None:
    wanted.wait_for()
    tab_to(page, wanted)
    page.keyboard.press("Enter")


@pytest.mark.slow
def test_the_whole_way_works_without_javascript(service, visits):
    service.person("Lamport")
    with visits.page("Lamport", java_script_enabled=False) as page, working(service, slots=2):
        page.get_by_role("link", name="Optimizers").click()
        page.locator("#file").set_input_files(chosen(WRONG))
        page.get_by_role("button", name="Hand in", exact=True).click()
        report(page)
        page.get_by_role("link", name="Hand in again").click()
        page.get_by_role("link", name="Go to the quiz").click()
        page.get_by_role("radio").first.check()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#saved")).to_contain_text("1 of")
        page.get_by_role("button", name="Hand in with my latest code").click()
        report(page)
        expect(page.get_by_role("region", name="Since submission 1")).to_be_visible()
        page.goto(f"/c/{service.course}/practice")
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Answer").click()
        expect(page.get_by_role("button", name="Next exercise")).to_be_visible()


@pytest.mark.slow
def test_practice_goes_on_in_one_page_and_tells_at_once(service, visits):
    service.person("Noether")
    with visits.page("Noether", viewport=NARROW) as page, working(service, slots=2):
        page.goto(f"/c/{service.course}/practice")
        page.evaluate("window.stayed = true")
        page.get_by_role("button", name="Start").click()
        for _ in range(2):
            page.get_by_role("button", name="Answer").click()
            expect(page.locator("#exercise .told")).to_contain_text("The answer is")
            expect(page.get_by_role("button", name="Next exercise")).to_be_focused()
            page.keyboard.press("Enter")
        page.get_by_role("button", name="Answer").wait_for()
        assert page.evaluate("window.stayed")
        assert not faults(page)


@pytest.mark.slow
def test_a_student_who_waits_is_told_when_the_connection_is_lost_and_not_any_more_once_it_is_back(service, visits):
    service.person("Perlis")
    address = f"/s/{hand_in(service, 'Perlis', WRONG)}"
    with visits.page("Perlis", wanted=r"ERR_FAILED|\[object Event\]") as page:
        page.route(f"**{address}/events", lambda route: route.abort())
        page.goto(address)
        expect(page.get_by_role("alert")).to_contain_text("Connection lost")
        page.unroute(f"**{address}/events")
        expect(page.get_by_role("alert")).to_have_count(0)
    service.work()


def with_pictures(service: Service, name: str) -> str:
    """This student's submission, whose report has pictures now; returns its address."""
    with service.store.writing() as db:
        theirs = SubmissionRow.user_id == service.people[name]
        handed_in = db.scalars(sa.select(SubmissionRow).where(theirs)).one()
        db.get_one(ReportRow, handed_in.report_id).pictures = reports.pack_pictures(drawn(charts()))
        return f"/s/{handed_in.id}"


@pytest.mark.slow
def test_a_picture_tells_the_numbers_of_each_step_and_plays_them(service, visits):
    with visits.page("Student2") as page:
        page.goto(with_pictures(service, "Student2"))
        figure = page.get_by_role("figure").first
        step = figure.locator("[data-step='7'] text")
        expect(step).to_be_hidden()
        figure.locator("[data-step='7'] circle").first.hover()
        expect(step).to_be_visible()
        page.mouse.move(0, 0)
        slider = figure.get_by_role("slider")
        tab_to(page, slider)
        for _ in range(7):
            page.keyboard.press("ArrowRight")
        expect(step).to_be_visible()
        assert slider.get_attribute("aria-valuetext") == step.text_content()
        for key in ("End", "ArrowLeft", "ArrowLeft"):
            page.keyboard.press(key)
        figure.get_by_role("button", name="Play").click()
        expect(figure.locator("[data-step='30'] text")).to_be_visible()  # the last one, where it stops
        expect(step).to_be_hidden()
        expect(figure.get_by_role("button", name="Play")).to_be_visible()
        assert not faults(page)


@pytest.mark.slow
def test_without_javascript_a_picture_is_stepped_through_by_links(service, visits):
    with visits.page("Student3", java_script_enabled=False) as page:
        page.goto(with_pictures(service, "Student3"))
        figure = page.get_by_role("figure").first
        figure.get_by_text("Step through it").click()
        for step in ("7", "8"):
            figure.get_by_role("link", name=step, exact=True).click()
            expect(figure.locator(f"[data-step='{step}'] text")).to_be_visible()
            expect(figure.locator("svg")).to_be_in_viewport(ratio=0.9)
        expect(figure.locator("[data-step='7'] text")).to_be_hidden()


# ------------------------------------------------------------------------------------------------------------- staff
@pytest.mark.slow
def test_the_first_visit_leads_from_the_link_to_a_course_of_ones_own(service, visits):
    with visits.page("Operator") as page:
        page.get_by_role("link", name="Open the admin page").click()
        page.get_by_label("Title").fill("A course of my own")
        page.get_by_role("button", name="Make the course").click()
        expect(page.get_by_role("heading", name="A course of my own")).to_be_visible()
        expect(page.get_by_role("region", name="Before the first submission")).to_contain_text("Import a roster")
        assert not faults(page)
        page.get_by_role("button", name="Add an assignment").click()
        expect(page.get_by_role("status")).to_contain_text("Loading the list of assignments")
        assert service.work() == ["sources"]
        page.get_by_role("radio", name="Optimizers").check()
        expect(page.get_by_role("button", name="Add and prove it")).to_be_enabled()


@pytest.mark.slow
def test_staff_import_a_roster_after_they_have_seen_what_it_changes(service, visits):
    service.person("Teacher", "staff")
    with visits.page("Teacher") as page:
        page.get_by_role("link", name="Open course").click()
        page.get_by_role("link", name="Import a roster").click()
        page.get_by_label("File", exact=True).set_input_files(
            {"name": "roster.csv", "mimeType": "text/csv", "buffer": b"id,name,email\nr-hamilton,Margaret Hamilton,mh@example.org\n"}
        )  # fmt: skip
        page.get_by_role("button", name="Show what it changes").click()
        expect(page.get_by_role("region", name="New").first).to_contain_text("Margaret Hamilton")
        assert not faults(page)
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_role("status").first).to_contain_text("1 new")
        page.get_by_role("link", name="Margaret Hamilton").click()
        page.get_by_role("button", name="Make a sign-in link").click()
        given = page.get_by_label("The link").input_value()
        assert not faults(page)
    with visits.page() as page:
        page.goto(given)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="Margaret Hamilton")).to_be_visible()


@pytest.mark.slow
def test_staff_mark_texts_and_read_the_analysis_and_what_is_similar(service, visits):
    """Student0 and Student1 handed in the same code."""
    with visits.page("Staff") as page:
        page.goto(f"/staff/a/{service.assignment}/texts")
        page.get_by_role("region", name="Questions").get_by_role("link").first.click()
        rows = page.get_by_role("group", name="What the rubric asks for").get_by_role("checkbox")
        expect(rows.first).to_be_focused()
        page.keyboard.press("2")
        expect(rows.nth(1)).to_be_checked()
        expect(page.get_by_label("Points, of")).to_have_value(f"{float(rows.nth(1).get_attribute('data-points')):g}")
        expect(page.get_by_role("heading", name="The question, with")).to_be_visible()
        expect(page.get_by_text("A sample answer")).to_be_visible()
        waiting = page.get_by_role("status").inner_text()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).not_to_have_text(waiting)
        expect(page.get_by_role("heading", name="Marked")).to_be_visible()
        assert not faults(page)

        page.get_by_role("link", name="Analysis").click()
        expect(page.get_by_role("region", name="Most frequent misconceptions")).to_contain_text("bias correction")
        expect(page.get_by_role("heading", name="Criteria")).to_be_visible()

        page.get_by_role("link", name="Similarity").click()
        page.get_by_role("button", name="Compare what counts").click()
        expect(page.get_by_role("status")).to_contain_text("Submissions are being compared")
        service.work()
        page.get_by_role("link", name=re.compile("Student0 and Student1|Student1 and Student0")).click()
        expect(page.get_by_role("heading", name="Passage 1")).to_be_visible()
        expect(page.locator("main")).to_contain_text("100 percent")
        assert not faults(page)


@pytest.mark.slow
def test_staff_see_who_has_a_misconception_and_who_lost_it(service, visits):
    for name in ("Kay", "Wirfs"):
        service.person(name)
        hand_in(service, name, WRONG)
    service.work()
    hand_in(service, "Wirfs", RIGHT)
    service.work()
    with visits.page("Staff") as page:
        page.goto(f"/staff/a/{service.assignment}/analysis")
        difficulty = page.get_by_role("region", name="Criteria").or_(
            page.locator("figure", has_text="first submission")
        )
        expect(difficulty.first).to_be_visible()
        page.get_by_role("link", name="No bias correction").click()
        expect(page.get_by_role("region", name="Have it still")).to_contain_text("Kay")
        expect(page.get_by_role("region", name="Have it still")).not_to_contain_text("Wirfs")
        expect(page.get_by_role("region", name="Lost it")).to_contain_text("Wirfs after 1 submission")
        expect(page.get_by_role("img", name="Students who have it")).to_be_visible()
        assert not faults(page)


@pytest.mark.slow
def test_lists_change_while_somebody_looks_and_a_lost_connection_says_so(service, visits):
    """Sorted as before, with the focus where it was."""
    service.person("Backus")
    with visits.page("Staff", wanted="status of 503") as page, visits.page("Operator") as operator:
        operator.goto("/operator")
        page.goto(f"/staff/a/{service.assignment}/submissions")
        rows = page.get_by_role("region", name="Submissions").get_by_role("row")
        page.get_by_role("button", name="Points").click()
        page.get_by_role("link", name="Student5", exact=True).focus()
        page.evaluate("window.stayed = true")
        hand_in(service, "Backus", WRONG)
        expect(rows.filter(has_text="Backus")).to_contain_text("waiting")
        waits = operator.get_by_role("region", name="The queue").get_by_role("row", name="interactive")
        expect(waits.get_by_role("cell").first).to_have_text("1")
        service.work()
        expect(rows.filter(has_text="Backus")).to_contain_text("marked")
        assert page.evaluate("window.stayed")
        expect(page.get_by_role("columnheader", name="Points")).to_have_attribute("aria-sort", "ascending")
        cells = rows.locator("td.number").all_inner_texts()
        shown = [float(cell.split()[0]) for cell in cells if cell != "–"]
        assert shown == sorted(shown)
        expect(page.get_by_role("link", name="Student5", exact=True)).to_be_focused()

        address = f"**/staff/a/{service.assignment}/submissions**"
        page.route(address, lambda route: route.fulfill(status=503, body=""))
        expect(page.get_by_role("alert")).to_contain_text("Connection lost")
        page.unroute(address)
        expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.slow
def test_a_form_that_somebody_types_in_is_left_alone_while_its_list_changes(service, visits):
    def ask(name: str) -> None:
        with service.store.writing() as db:
            of = db.scalars(sa.select(SubmissionRow).where(SubmissionRow.user_id == service.people[name])).one()
            db.add(CommentRow(submission_id=of.id, author_id=service.people[name], text=f"Asks {name}?", open=True))

    ask("Student6")
    with visits.page("Staff") as page:
        page.clock.install()
        page.goto(f"/staff/a/{service.assignment}/questions")
        page.get_by_label("Answer", exact=True).fill("Look at step 1.")
        ask("Student7")
        page.clock.fast_forward(16_000)
        expect(page.get_by_role("link", name="Questions 2 waiting")).to_be_visible()
        expect(page.get_by_label("Answer", exact=True)).to_have_value("Look at step 1.")
        page.get_by_role("button", name="Answer Student6").click()
        expect(page.locator("main")).to_contain_text("Asks Student7?")


@pytest.mark.slow
def test_the_tabs_of_an_assignment_count_what_waits(service, visits):
    with visits.page("Staff") as page:
        page.goto(f"/staff/a/{service.assignment}/grades")
        with service.store.reading() as db:
            waiting = needs(db, db.get_one(AssignmentRow, service.assignment)).texts
        assert waiting
        expect(page.get_by_role("link", name=f"Texts {waiting} waiting")).to_be_visible()
        expect(page.get_by_role("link", name="Similarity", exact=True)).to_be_visible()
        assert not faults(page)


@pytest.mark.slow
def test_staff_sort_a_table_by_any_column_and_empty_cells_stay_last(service, visits):
    with service.store.writing() as db:
        for name in ("Zoë Åberg", "Emma van den Berg", "Anna Zimmer"):
            user = UserRow(name=name)
            db.add(user)
            db.flush()
            db.add(MembershipRow(course_id=service.course, user_id=user.id, role="student", roster_id=name))
    with visits.page("Staff", locale="sv-SE") as page:
        page.goto(f"/staff/a/{service.assignment}/grades")

        def column(number: int) -> list[str]:
            cells = page.get_by_role("region", name="Grades").locator(f"tbody tr > :nth-child({number})")
            return cells.all_inner_texts()

        page.get_by_role("button", name="Points").click()
        expect(page.get_by_role("columnheader", name="Points")).to_have_attribute("aria-sort", "ascending")
        rising = [float(cell.split()[0]) for cell in column(4) if cell != "–"]
        assert rising == sorted(rising)
        assert column(4)[len(rising) :] == ["–"] * (len(column(4)) - len(rising)) != []
        page.get_by_role("button", name="Points").click()
        assert [float(cell.split()[0]) for cell in column(4) if cell != "–"] == rising[::-1]
        assert column(4)[-1] == "–"
        page.get_by_role("button", name="Name").click()
        names = [one for one in column(1) if one in ("Zoë Åberg", "Emma van den Berg", "Anna Zimmer")]
        assert names == ["Emma van den Berg", "Anna Zimmer", "Zoë Åberg"], "in Swedish, å comes after z"
        assert not faults(page)


@pytest.mark.slow("Chromium, and markings by two editions")
def test_staff_see_whom_a_regrade_changes_before_it_changes_anybody(service, visits, tmp_path):
    """Of a second assignment, whose new edition weighs two criteria otherwise."""
    for name in ("Rises", "Falls"):
        service.person(name)
    with service.store.writing() as db:
        first = db.get_one(AssignmentRow, service.assignment)
        used = db.get_one(VersionRow, first.version_id)
        second = AssignmentRow(course_id=service.course, title="Second", source=first.source, open=True)
        db.add(second)
        db.flush()
        version = VersionRow(assignment_id=second.id, digest=used.digest, state="proven", about=used.about)
        db.add(version)
        db.flush()
        second.version_id = version.id
    of_second = replace(service, assignment=second.id)
    for name, source in (("Rises", AVERAGED), ("Falls", WRONG)):
        hand_in(of_second, name, source)
    service.work()
    Edition(of_second, tmp_path).points(bias_correction=20, momentum=5)
    with visits.page("Staff") as page, working(service, slots=2):
        page.goto(f"/staff/a/{second.id}/regrade")
        page.get_by_role("button", name="Begin a regrade").click()
        expect(page.get_by_role("heading", name="Decide")).to_be_visible()
        page.get_by_label("Show").select_option("down")
        page.get_by_role("button", name="Show").click()
        falls = page.get_by_role("region", name="Students").get_by_role("row").nth(1)
        expect(falls).to_contain_text("Falls")
        expect(falls).to_contain_text("▼ -10")
        assert not faults(page)
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("region", name="Earlier regrades")).to_contain_text("no mark fell")
    with visits.page("Rises") as page:
        page.get_by_role("link", name="See the submission").click()
        expect(page.locator("main")).to_contain_text("Marked again")
    with visits.page("Falls") as page:
        expect(page.locator(".task", has_text="Second")).to_contain_text("90")


# ------------------------------------------------------------------------------------------------ learning platforms
@pytest.mark.slow
def test_an_instructor_says_which_course_it_is_and_students_arrive_there(service, visits):
    people = {"teacher": person("Instructor", name="Grace Hopper"), "learner": person("Learner", name="Emmy Noether")}
    platform = LearningPlatform(tool=service.settings.public_url, people=people)
    with listening(lambda _: platform.app()) as platform.url:
        with service.store.writing() as db:
            db.add(
                PlatformRow(
                    issuer=platform.url, client_id=platform.client_id, deployments=[platform.deployment],
                    authorize_url=f"{platform.url}/authorize", jwks_url=f"{platform.url}/jwks",
                    token_url=f"{platform.url}/token",
                )
            )  # fmt: skip
            title = db.get_one(CourseRow, service.course).title

        def click(page: Page, who: str) -> None:
            page.goto(f"/lti/login?{urlencode(platform.login(who))}")

        elsewhere = f"asked {platform.url}|{platform.url}/favicon|status of 403"
        with visits.page(wanted=elsewhere) as page:
            click(page, "learner")
            expect(page.get_by_role("heading", name="Not yet")).to_be_visible()
            assert faults(page) == []
        with visits.page("Staff", wanted=elsewhere) as page:
            click(page, "teacher")
            expect(page.get_by_role("heading", name="Which course is this?")).to_be_visible()
            assert faults(page) == []
            page.get_by_role("radio", name=title).check()
            page.get_by_role("button", name="Go on").click()
            page.get_by_role("radio", name="Optimizers").check()
            page.get_by_role("button", name="Choose").click()
            expect(page.get_by_role("heading", name="Optimizers")).to_be_visible()
        with visits.page(wanted=elsewhere) as page:
            click(page, "learner")
            expect(page.get_by_role("heading", name="Optimizers")).to_be_visible()
            expect(page.get_by_role("button", name="Sign out")).to_be_visible()


# --------------------------------------------------------------------------------------------------------- all pages
NO_PAGES = {  # answers for programs, files, and parts of pages that the tests above meet
    "GET /healthz", "GET /healthz/live", "GET /metrics", "GET /lti/jwks.json", "GET /lti/login",
    "GET /lti/context/{launch_id}",
    "GET /s/{submission_id}/events", "GET /s/{submission_id}/file", "GET /a/{assignment_id}/starter",
    "GET /staff/s/{submission_id}/upload", "GET /staff/a/{assignment_id}/proof",
    "GET /staff/a/{assignment_id}/grades/{form}.csv", "GET /staff/a/{assignment_id}/downloads/{download_id}",
    "GET /staff/c/{course_id}/export.zip", "GET /session", "GET /openid", "GET /openid/return",
    "GET /staff/a/{assignment_id}/regrade/progress", "GET /staff/a/{assignment_id}/regrade/preview.csv",
}  # fmt: skip
WHO = {  # who looks at what; the rest is for staff
    "Student0": ("/", "/tokens", "/a/", "/s/", "/c/"),
    "": ("/sign-in",),
    "Operator": ("/operator",),
}
PAGES = sorted(
    route.removeprefix("GET ")
    for route, _ in every_route()
    if route.startswith("GET ") and route not in NO_PAGES and not route.startswith("GET /api/")
)


def who(route: str) -> str:
    fits = {name: max((len(start) for start in starts if _of(route, start)), default=0) for name, starts in WHO.items()}
    return max(fits, key=lambda name: fits[name]) if any(fits.values()) else "Staff"


def _of(route: str, start: str) -> bool:
    return route == start if start == "/" else route.startswith(start)


@pytest.mark.slow("Chromium opens every page, and axe reads it")
def test_no_page_shuts_anybody_out(service, visits):
    """Axe finds nothing serious on any page there is, none is broader than a phone, and `Visits.page` hears nothing.

    Whatever somebody is called: names and titles have eighty letters, and no space.
    """
    known, jobs = things(service)
    unbroken(service)
    wrong = []
    for name, routes in itertools.groupby(sorted(PAGES, key=who), key=who):
        with visits.page(name) as page:
            for route in routes:
                job = next((id_ for part, id_ in jobs.items() if part in route), "")
                answer = page.goto(route.format(**known, job_id=job))
                wrong += faults(page) if answer and answer.ok else [f"{route}: {answer and answer.status}"]
                crumbs = page.locator(".crumbs a")
                if crumbs.count() and not re.search(r"ourses$|^Admin$", crumbs.first.inner_text()):
                    wrong.append(f"{route}: its way begins at {crumbs.first.inner_text()}")
    assert not wrong, "\n".join(wrong)


def unbroken(service: Service) -> None:
    """Long names for the last of these tests: those before it look for short ones."""
    with service.store.writing() as db:
        for name in ("Student0", "Student1"):
            db.get_one(UserRow, service.people[name]).name = f"{name}{'schaft' * 13}"
        db.get_one(CourseRow, service.course).title = "Maschinen" * 9
        db.get_one(AssignmentRow, service.assignment).title = "Optimierer" * 8
        db.execute(sa.update(SubmissionRow).values(name=f"{'final_' * 14}.py"))


def things(service: Service) -> tuple[dict[str, str], dict[str, str]]:
    """What these pages are full of: ids by the names of routes' parameters, and of jobs by a part of the route."""
    student, later = service.people["Student0"], now() + 1e6
    with service.store.writing() as db:
        platform = PlatformRow(
            issuer="https://lms.example", client_id="1",
            authorize_url="https://lms.example/a", jwks_url="https://lms.example/k",
            token_url="https://lms.example/t",  # noqa: S106
        )  # fmt: skip
        parked = JobRow(
            kind="package", lane="slow", priority=1, state="parked", error="OSError: full", finished_at=now()
        )
        token = TokenRow(token_hash=hashed("hers"), user_id=student, name="My script", expires_at=later)
        db.add_all([platform, parked, token, NoticeRow(user_id=student, text="You had 5 points and now have 6.")])
        db.flush()
        context = ContextRow(platform_id=platform.id, deployment="1", context="1", course_id=service.course)
        db.add(context)
        db.flush()
        link = ResourceRow(context_id=context.id, link="1")
        launch = LaunchRow(
            state_hash="l" * 16, nonce="n", platform_id=platform.id, expires_at=later,
            settings={"return": "x", "context": context.id},
        )  # fmt: skip
        signed = JobRow(
            kind="deep-link", lane="sheet", priority=1, state="done", user_id=service.people["Staff"],
            result={"return": "https://lms.example/back", "jwt": "x"},
        )  # fmt: skip
        db.add_all([link, launch, signed])

        def put(job: str, lane: str, user: str | None = None, **payload: object) -> str:
            return service.queue.put(db, job, lane, course_id=service.course, user_id=user, payload=payload).id

        jobs = {
            "/practice/": put("exercise", "practice", student, sources=["optimizers"], state={"seed": 1, "ideas": []}),
            "/new/": put("sources", "sheet"),
            "/similarity/": put("similarity", "slow", assignment=service.assignment),
        }
        put("package", "slow", assignment=service.assignment, kind="students")
        put("sheet", "sheet", student, assignment=service.assignment)
        db.flush()
        jobs["/signed/"] = signed.id
        submission = db.scalars(sa.select(SubmissionRow.id).where(SubmissionRow.user_id == student)).one()
    service.work()
    return {
        "course_id": service.course, "assignment_id": service.assignment, "user_id": student,
        "submission_id": submission, "item": text_item(service, "Student0").id, "token": "x" * 32,
        "misconception": "correction-missing", "link_id": link.id, "launch_id": launch.state_hash, "number": "1",
    }, jobs  # fmt: skip
