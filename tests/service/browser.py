"""Real Chromium before the real service: a page for each person, and an ear for what no page of ours may do."""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from workers import until

from autograder.service.store.links import new_link
from autograder.service.web.app import create_app

if TYPE_CHECKING:
    from course import Service

NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
MOST_TABS = 80  # no page has more stops than that before what somebody looks for
FINGER = 44  # pixels: what is tapped is no lower
OPENED = "document.querySelectorAll('details').forEach((one) => { one.open = true })"
TOO_LOW = f"""[...document.querySelectorAll('button, .button, summary, select, textarea, input, label')]
  .filter((one) => one.checkVisibility() && (one.tagName !== 'LABEL' || one.querySelector('input')))
  .filter((one) => !one.closest('.lines, .out-of-sight'))  // a line of a listing is a line
  .filter((one) => one.tagName !== 'INPUT' || !one.closest('label'))  // then the label is what is tapped
  .filter((one) => one.getBoundingClientRect().height < {FINGER})
  .map((one) => one.outerHTML.slice(0, 90))"""
BESIDE_THE_NAME = """(() => {
  const [name, title] = [document.querySelector(".site nav > a"), document.querySelector("main > h1, main > nav")];
  const starts = [name, title].map((one) => one && one.getBoundingClientRect().left);
  return name && title && Math.abs(starts[0] - starts[1]) > 1 ? [`the page begins at ${starts[1]}, its name at ${starts[0]}`] : [];
})()"""
OVER_ITS_NEIGHBOUR = """[...document.querySelectorAll('td, th')]
  .filter((one) => getComputedStyle(one).clipPath === 'none' && one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 90))"""
VIOLATED = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`))"""


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@dataclass
class Visits:
    """One service with its address, and one browser."""

    service: Service
    browser: Browser

    @contextmanager
    def page(self, name: str = "", *, wanted: str = "", **options: object) -> Iterator[Page]:
        """A page of a browser of this person's own, signed in by link unless it is nobody's.

        At the end, whatever the page did there was no error in its console, no violation of its policy, and no
        request to anybody else; but for what a test provokes: `wanted` is a pattern that it has.
        """
        at = self.service.settings.public_url
        context = self.browser.new_context(base_url=at, **{"viewport": WIDE, **options})
        context.set_default_timeout(20_000)
        context.add_init_script(VIOLATED)
        heard: list[str] = []
        context.on(
            "console", lambda said: said.type in ("error", "warning") and heard.append(f"{said.page.url}: {said.text}")
        )
        context.on("weberror", lambda raised: heard.append(str(raised.error)))
        context.on(
            "request",
            lambda sent: sent.url.startswith((f"{at}/", "data:", "blob:")) or heard.append(f"asked {sent.url}"),
        )
        page = context.new_page()
        if name:
            page.goto(self.link(name))
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("button", name="Sign out").wait_for()
        yield page
        context.close()
        heard = [one for one in heard if not (wanted and re.search(wanted, one))]
        assert not heard, "\n".join(heard)

    def link(self, name: str) -> str:
        with self.service.store.writing() as db:
            return new_link(db, self.service.people[name], self.service.settings.public_url)


@contextmanager
def visiting(service: Service) -> Iterator[Visits]:
    """Serves `service` at a free port, with Chromium at hand."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        service.settings = replace(service.settings, public_url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        server = uvicorn.Server(
            uvicorn.Config(create_app(service.settings), log_config=None, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            until(lambda: server.started)
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own does not run as root
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
                yield Visits(service, browser)
                browser.close()
        finally:
            server.should_exit = True
            thread.join()


def tab_to(page: Page, wanted: Locator, *, back: bool = False) -> None:
    """Presses Tab until `wanted` has the focus, and it shows."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("one => one === document.activeElement"):
            assert wanted.evaluate("one => getComputedStyle(one).outlineStyle") != "none", f"no focus shows on {wanted}"
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"the keyboard does not reach {wanted} on {page.url}")


def faults(page: Page) -> list[str]:
    """What axe holds against this page, all of it opened, and where something is too broad or too low.

    Narrow and light, wide and dark: widths move things and schemes colour them, neither both. The other two pairs would
    find the same, in twice the time.
    """
    found = []
    page.evaluate(OPENED)
    for size, scheme in ((NARROW, "light"), (WIDE, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{page.url}: broader than {size['width']} pixels")
        found += [
            f"{page.url} ({size['width']}): over its neighbour: {one}" for one in page.evaluate(OVER_ITS_NEIGHBOUR)
        ]
        found += [f"{page.url} ({size['width']}): {one}" for one in page.evaluate(BESIDE_THE_NAME)]
        if size == NARROW:
            found += [f"{page.url}: too low for a finger: {one}" for one in page.evaluate(TOO_LOW)]
        found += [
            f"{page.url} ({size['width']}, {scheme}): {one['id']}: {one['nodes'][0]['html']}"
            for one in Axe().run(page).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
    return found
