"""An upgrade by keys alone: signing in, choosing, reviewing, approving, running, answering its question."""

import re

from playwright.sync_api import Page, expect

from house import DESK, PASSWORDS, PATIENCE, PHONE, House, heading, line
from keys import enter, reach, space, write
from maintenance import ended


def sign_in_by_keys(house: House) -> Page:
    page = house.stranger()
    # A browser that says yes, and remembers what it was told to show.
    page.add_init_script("""
        window.shown = [];
        window.Notification = class { constructor(title) { window.shown.push(title); } static permission = 'granted';
            static requestPermission() { return Promise.resolve('granted'); } };
    """)
    page.goto("/sign-in")
    write(page, page.get_by_label("Name"), "ada")
    write(page, page.get_by_label("Password"), PASSWORDS["ada"])
    page.keyboard.press("Enter")
    expect(heading(page, "Overview")).to_be_visible()
    # The first stop of every page leads past its navigation.
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    return page


def choose_by_keys(page: Page, release: str) -> None:
    enter(page, page.get_by_role("article", name="lab").get_by_role("link", name="Upgrade", exact=True))
    expect(heading(page, "Upgrade lab: template")).to_be_visible()
    reach(page, page.get_by_role("combobox", name="Release"))
    # As people choose from a list: its first letters.
    page.keyboard.type(release)
    expect(page.get_by_role("combobox", name="Release")).to_have_value(release)
    enter(page, page.get_by_role("button", name="Use this release"))
    expect(heading(page, "Upgrade lab: details")).to_be_visible()
    further = page.get_by_role("link", name="Next without saving")
    expect(further).to_be_visible(timeout=PATIENCE)
    enter(page, further)
    expect(heading(page, "Upgrade lab: options")).to_be_visible()
    enter(page, further)
    expect(heading(page, "Upgrade lab: review")).to_be_visible()


def decide_by_keys(house: House, page: Page, release: str) -> None:
    expect(page.get_by_role("heading", name="Checks")).to_be_visible(timeout=PATIENCE)
    reasons = page.get_by_label(re.compile("^(Why .* is acceptable|Your reason for .*, by itself)$"))
    for number in range(reasons.count()):
        write(page, reasons.nth(number), f"Read: number {number} is as it should be in the lab.")
    if reasons.count():
        enter(page, page.get_by_role("button", name="Accept, and look again"))
        expect(page.get_by_text("Nothing stands in the way.")).to_be_visible(timeout=PATIENCE)
    # What is folded is opened, and its lines are reached, for they may be wider than the screen.
    difference = page.locator("section", has=page.get_by_role("heading", name="The template, before and after"))
    enter(page, difference.locator("summary").first)
    reach(page, difference.get_by_role("region", name="Lines of the template").first)
    expect(difference.locator(".lines .will").first).to_be_visible()
    house.picture(difference, "review")
    house.look(page, f"upgrade-{release}-4-review-template")
    for box in page.get_by_role("checkbox", name=re.compile("I acknowledge")).all():
        space(page, box)
    enter(page, page.get_by_role("button", name="Approve this plan"))
    run = page.get_by_role("button", name="Run it now")
    expect(run).to_be_visible()
    enter(page, run)


def an_unhealthy_release_and_its_question_by_keys_alone(house: House) -> None:
    """Users stay out until somebody decides, on the run's own page."""
    page = sign_in_by_keys(house)
    overview = house.somebody("ada")
    choose_by_keys(page, "1.2.0")
    decide_by_keys(house, page, "1.2.0")
    notify = page.get_by_role("button", name="Notify me in this browser")
    expect(notify).to_be_visible()
    assert page.evaluate("window.shown") == [], "nobody asked for notices"
    enter(page, notify)
    expect(page.get_by_role("button", name="Stop notifying me")).to_be_visible()
    question = page.get_by_role("alert").filter(has_text="The platform is not healthy")
    expect(question).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("The gate was last seen closed")).to_be_visible()
    house.look(page, "upgrade-1.2.0-5-question")
    viewer = house.somebody("vera")
    viewer.goto(page.url)
    expect(viewer.get_by_text("An operator decides.")).to_be_visible()
    expect(viewer.get_by_role("button", name="Go back")).to_have_count(0)
    viewer.goto("/")
    expect(viewer.get_by_text("Waits for you")).to_have_count(0)
    # Each answer says what it does; one that can't be taken back is asked for once more.
    expect(page.get_by_text("Look again, and wait on with a fresh deadline.")).to_be_visible()
    expect(page).to_have_title(re.compile("^Decision needed – lab"))
    assert page.evaluate("window.shown") == ["Decision needed – lab"], page.evaluate("window.shown")
    # Whoever may answer is told on Overview, which was open all the time, and in every page's navigation.
    waits = overview.get_by_role("link", name="Upgrade: a decision is needed")
    expect(waits).to_be_visible(timeout=30_000)
    expect(overview.get_by_role("navigation", name="Pages").get_by_role("link", name="Overview")).to_contain_text("1 waiting for you")
    expect(overview).to_have_title(re.compile("^Something waits for you"))
    house.look(overview, "overview-decision")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("icon-bad"))
    enter(page, page.get_by_text("Go back to the previous release …"))
    expect(page.get_by_text("Are you sure?").first).to_be_visible()
    house.look(page, "upgrade-1.2.0-5-question-sure")
    page.set_viewport_size(PHONE)
    house.picture(page.locator("section.question"), "decision")
    page.set_viewport_size(DESK)
    enter(page, page.get_by_role("button", name="Yes: go back to the previous release"))
    ended(page, "gone back to the previous release")
    expect(line(page, re.compile(r"ada \(arn:aws:iam::\S+\) decides: go back to the previous release"))).to_be_visible()
    for words in ("Release 1.1.0 stands (UPDATE_COMPLETE).", "Maintenance mode is off. Users reach the platform."):
        expect(page.get_by_text(words)).to_be_visible()
    house.look(page, "upgrade-1.2.0-5-events-ended")
