"""The panel as the walks see it: browsers, who sits before them, and what every page must hold to."""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}

# A sentence does well, and each has their own.
PASSWORDS = {"ada": "the engine weaves patterns", "vera": "only looking, thank you"}

# How long anything may take on a busy machine.
PATIENCE = 120_000


# Addresses of the panel that aren't pages: streams, a file, what is only sent.
NO_PAGES = re.compile(r".*/stream|.*\.md|/sign-out")


# What moves by itself; what is scrolled to smoothly does as well.
MOVING = """() => [
    ...document.getAnimations().filter((one) => one.playState === 'running').map((one) => one.animationName ?? one.transitionProperty),
    ...[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).scrollBehavior === 'smooth').map((one) => one.tagName),
]"""


class House:
    def __init__(self, browser: Browser, setup_link: str, screenshots: Path, program: str, firefox: str):
        self.browser = browser
        self.firefox = firefox
        self.setup_link = setup_link
        parts = urlsplit(setup_link)
        self.address = f"{parts.scheme}://{parts.netloc}"
        self.screenshots = screenshots
        self.program = program
        self.looked_at = 0
        self.paths: set[str] = set()
        # What the lab's stack was given as a NoEcho parameter.
        self.secret = (Path(os.environ["SLACKWATER_DATA_DIR"]) / "admin-token").read_text().strip()
        assert len(self.secret) >= 16
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.faults: list[str] = []
        expect.set_options(timeout=10_000)

    def stranger(self, address: str | None = None) -> Page:
        """A browser that has never been here."""
        context = self.browser.new_context(
            base_url=address or self.address, viewport=DESK, timezone_id="Europe/Paris", locale="en-GB"
        )
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"script failed: {error}"))
        page.on("console", self._heard)
        page.on("request", lambda request: self._asked(request.url))
        return page

    def _heard(self, message) -> None:
        # A refused policy is told on the console. A page that is refused or a stream that broke is told there too,
        # and is what a walk wanted.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.complaints.append(f"a request to elsewhere: {url}")

    def somebody(self, name: str, address: str | None = None) -> Page:
        """A browser of somebody who has signed in."""
        page = self.stranger(address)
        page.goto("/sign-in")
        sign_in(page, name, PASSWORDS[name])
        expect(heading(page, "Overview")).to_be_visible()
        return page

    def look(self, page: Page, name: str) -> None:
        """What every page must hold to: readable by everybody, in light and dark, on a desk and on a phone, and still where
        somebody wants it so."""
        self.looked_at += 1
        self.paths.add(urlsplit(page.url).path)
        page.wait_for_load_state()
        self.holds_no_secret(page.content(), name)
        faults = []
        for kind, size, scheme in [("phone", PHONE, "light"), ("light", DESK, "light"), ("dark", DESK, "dark")]:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            # What is below the screen is drawn when somebody scrolls to it: in a picture of all of it at once.
            page.evaluate("document.querySelectorAll('li').forEach(li => { li.style.contentVisibility = 'visible'; })")
            page.screenshot(path=self.screenshots / f"{name}-{kind}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                faults.append(f"{kind}: scrolls sideways by {wide} pixels")
            if size is PHONE:
                # The same elements as on a desk, laid out in another way: axe would say the same again.
                continue
            faults += [f"{kind}: {fault}" for fault in self.axe_says(page)]
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        moving = page.evaluate(MOVING)
        if moving:
            faults.append(f"moves though that is not wanted: {moving}")
        page.emulate_media(reduced_motion="no-preference")
        # All of them are told at the end: who mends one sees the others.
        self.faults += [f"page {name}: {fault}" for fault in faults]

    def axe_says(self, page: Page) -> list[str]:
        """Every violation, whatever its weight."""
        told = []
        for violation in Axe().run(page).response["violations"]:
            places = [node["html"] + " " + node["failureSummary"] for node in violation["nodes"][:3]]
            told.append(f"{violation['impact']} {violation['id']} ({violation['help']}): {places}")
        return told

    def picture(self, shown: Page | Locator, name: str) -> None:
        """A small one for `docs/during-an-upgrade.md`: copied to `docs/pictures` by whoever wants it there."""
        folder = self.screenshots / "pictures"
        folder.mkdir(exist_ok=True)
        shown.screenshot(path=folder / f"{name}.png")

    def pages_nobody_looked_at(self, addresses: list[str]) -> list[str]:
        """Of the addresses that are pages, with whatever stands for their parameters."""
        missing = []
        for address in addresses:
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(address)))
            if not NO_PAGES.fullmatch(address) and not any(pattern.fullmatch(path) for path in self.paths):
                missing.append(f"nobody looked at {address}")
        return missing

    def holds_no_secret(self, text: str, where: str) -> None:
        assert self.secret not in text, f"a NoEcho parameter in {where}"

    def slackwater(self, *arguments: str) -> subprocess.Popen:
        """Another process of Slackwater, on the same lab: its place stands in the environment."""
        return subprocess.Popen(
            [self.program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def leave(self) -> None:
        """Close every browser; nothing may have been complained of."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        assert not self.complaints, "\n".join(self.complaints)

    def keep_what_is_open(self) -> None:
        """Pictures for whoever looks for the cause."""
        pages = [page for context in self.contexts for page in context.pages]
        for number, page in enumerate(pages):
            page.screenshot(path=self.screenshots / f"failed-{number}.png", full_page=True)
            print(f"{page.url}:\n{page.inner_text('body')}\n")
        print("\n".join(self.complaints))


def heading(page: Page, name: str):
    return page.get_by_role("heading", name=name, level=1)


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def submit(page: Page, name: str) -> None:
    """Press a button whose page comes anew, and wait for that."""
    with page.expect_navigation():
        press(page, name)


def lines(page: Page):
    """The lines of a run's page, newest first."""
    return page.get_by_role("region", name="Events", exact=True).get_by_role("listitem")


def line(page: Page, text: str):
    """The newest line that says this."""
    return lines(page).filter(has_text=text).first


def told(page: Page) -> list[str]:
    return lines(page).all_inner_texts()
