"""The upgrade in five pages: to the end, and with an update that fails."""

import re

from playwright.sync_api import Page, expect

from house import PATIENCE, House, heading, line, lines, press, submit
from maintenance import ended, in_maintenance, maintenance_page


def choose(house: House, page: Page, release: str) -> None:
    """Page 1, and as far as the look at the deployment."""
    page.goto("/")
    page.get_by_role("article", name="lab").get_by_role("link", name="Upgrade", exact=True).click()
    expect(heading(page, "Upgrade lab: template")).to_be_visible()
    house.look(page, f"upgrade-{release}-1-template")
    page.get_by_role("combobox", name="Release").select_option(release)
    press(page, "Use this release")
    expect(heading(page, "Upgrade lab: details")).to_be_visible()
    expect(page.get_by_role("link", name="Next without saving")).to_be_visible(timeout=PATIENCE)


def decide(house: House, page: Page, release: str, in_maintenance_by: str | None = None) -> None:
    """Page 4: read, give reasons, approve, run."""
    expect(heading(page, "Upgrade lab: review")).to_be_visible()
    reasons = page.get_by_label(re.compile("^Why .* is acceptable$"))
    expect(page.get_by_role("heading", name="Checks")).to_be_visible(timeout=PATIENCE)
    house.look(page, f"upgrade-{release}-4-review-to-decide")
    by_themselves = page.get_by_label(re.compile("^Your reason for .*, by itself$"))
    if reasons.count() or by_themselves.count():
        if reasons.count():
            # One reason is typed, and given to every other warning that may share it.
            reasons.first.fill("It is as it should be in the lab.")
        if reasons.count() > 1:
            press(page, "Give the other warnings the first of their reasons")
        for number in range(reasons.count()):
            expect(reasons.nth(number)).to_have_value("It is as it should be in the lab.")
        for number in range(by_themselves.count()):
            expect(by_themselves.nth(number)).to_have_value("")
            by_themselves.nth(number).fill(f"Read: number {number} is as it should be in the lab.")
        submit(page, "Accept, and look again")
        expect(page.get_by_text("Nothing stands in the way.")).to_be_visible(timeout=PATIENCE)
    if in_maintenance_by:
        used = page.locator(".notice").filter(has_text="This upgrade uses that maintenance")
        expect(used).to_contain_text(f"by {in_maintenance_by}")
    for box in page.get_by_role("checkbox", name=re.compile("I acknowledge")).all():
        box.check()
    house.look(page, f"upgrade-{release}-4-review")
    # One of many is found as one types, with what it was and what it will be.
    entries = page.locator("[data-entry]")
    wanted = entries.locator("strong").last.text_content()
    page.get_by_label("Find a resource, type or property").fill(wanted)
    expect(entries.filter(visible=True).filter(has_text=wanted).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d+ found$"))).to_be_visible()
    page.get_by_label("Find a resource, type or property").fill("")
    assert page.get_by_text(re.compile(r"^\d+ values?, before and after$")).count() > 0, "no value is shown before and after"
    submit(page, "Approve this plan")
    expect(page.get_by_role("button", name="Run it now")).to_be_visible()
    house.look(page, f"upgrade-{release}-4-review-approved")
    submit(page, "Run it now")


def maintenance_then_five_pages_to_update_complete(house: House) -> None:
    """The vendor's two steps."""
    page = house.somebody("ada")
    maintenance_page(page)
    press(page, "Enable maintenance mode")
    ended(page, "maintenance was entered")
    maintenance_page(page)
    in_maintenance(page, "ada")
    page.goto("/")
    expect(page.get_by_role("article", name="lab")).to_contain_text("Maintenance mode is on since")
    house.look(page, "overview-maintenance")
    choose(house, page, "1.1.0")
    house.look(page, "upgrade-1.1.0-2-details")
    # The database has grown beyond its parameter: one click sets it right.
    page.get_by_role("button", name=re.compile("^Set DatabaseAllocatedStorage to")).click()
    expect(page.get_by_label("Database's storage (GiB)", exact=True)).to_have_value("37", timeout=PATIENCE)
    # What a field refuses is said as one types.
    desired = page.get_by_label("Workers to begin with", exact=True)
    kept = desired.input_value()
    desired.fill("a few")
    expect(page.get_by_text("A number is wanted.")).to_be_visible()
    house.look(page, "upgrade-1.1.0-2-details-refused")
    desired.fill(kept)
    press(page, "Save, and next: Options")
    expect(heading(page, "Upgrade lab: options")).to_be_visible()
    expect(page.get_by_role("button", name="Save, and next: Review")).to_be_visible(timeout=PATIENCE)
    house.look(page, "upgrade-1.1.0-3-options")
    options = page.url
    page.goto("/deployments/lab/upgrade/events")
    expect(page.get_by_text("Nothing runs yet.")).to_be_visible()
    house.look(page, "upgrade-1.1.0-5-no-events")
    page.goto(options)
    press(page, "Save, and next: Review")
    decide(house, page, "1.1.0", in_maintenance_by="ada")
    expect(heading(page, "Upgrade 1.0.0 → 1.1.0")).to_be_visible()
    run = page.url
    viewer = house.somebody("vera")
    viewer.goto(run)
    expect(line(page, "UPDATE_IN_PROGRESS")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("img", name="One bar a resource")).to_be_visible()
    house.picture(page, "live")
    house.look(page, "upgrade-1.1.0-5-events")
    for one in (page, viewer):
        ended(one, "upgraded")
    # Maintenance has ended by itself, as was seen then.
    expect(line(page, "Upgraded")).to_be_visible()
    for words in ("Release 1.1.0 stands (UPDATE_COMPLETE).", "Maintenance mode is off. Users reach the platform.", "It found maintenance mode on"):
        expect(page.get_by_text(words)).to_be_visible()
    house.look(page, "upgrade-1.1.0-5-events-ended")
    maintenance_page(page)
    expect(page.get_by_text("Maintenance mode: off", exact=True)).to_be_visible()
    expect(page.get_by_text("release 1.1.0")).to_be_visible()
    expect(page.get_by_role("button", name="Disable maintenance mode")).to_have_count(0)
    expect(page.get_by_role("button", name="Enable maintenance mode")).to_be_visible()
    house.look(page, "maintenance-upgraded")
    page.goto("/")
    card = page.get_by_role("article", name="lab")
    expect(card).to_contain_text("1.1.0")
    expect(card).to_contain_text("UPDATE_COMPLETE")
    expect(card).to_contain_text("Maintenance mode off", use_inner_text=True)
    house.look(page, "overview-upgraded")


def a_failing_release_and_its_rollback(house: House) -> None:
    page = house.somebody("ada")
    choose(house, page, "1.3.0")
    page.get_by_role("link", name="Next without saving").click()
    page.get_by_role("link", name="Next without saving").click()
    decide(house, page, "1.3.0")
    ended(page, "not upgraded")
    expect(page.get_by_text("Release 1.1.0 stands (UPDATE_ROLLBACK_COMPLETE).")).to_be_visible()
    expect(page.get_by_role("heading", name="Root cause")).to_be_visible()
    expect(line(page, "UPDATE_ROLLBACK_COMPLETE")).to_be_visible()
    house.look(page, "upgrade-1.3.0-5-events-ended")
    house.picture(page.locator("#standing"), "failed")
    said = page.locator("main").inner_text()
    cause = page.locator(".cause p").first.inner_text()
    assert len(cause) > 20 and said.count(cause) == 1, f"the root cause is said {said.count(cause)} times: {cause}"
    what_stays_of_it(house, page)
    # Among the events: only what failed; and the root cause, one click away.
    page.get_by_label("Show").select_option(label="what failed")
    expect(line(page, "UPDATE_IN_PROGRESS")).to_be_hidden()
    expect(lines(page).filter(visible=True).first).to_be_visible()
    page.get_by_label("Find").fill("nothing is called so")
    press(page, "Search all of them")
    expect(page.get_by_text("Nothing like that has happened.")).to_be_visible()
    page.get_by_role("link", name="Where it happened, among the events").first.click()
    assert "#line-" in page.url, page.url
    expect(page.locator("li:target")).to_contain_text("_FAILED")
    # What stays: the report as a file, and the time in the zone that the reader chooses, once for every page.
    with page.expect_download() as report:
        page.get_by_role("link", name="Markdown").click()
    assert "# Upgrade 1.1.0 → 1.3.0 of lab" in report.value.path().read_text()
    expect(page.get_by_text("Times are those of Europe/Paris (UTC+1).")).to_be_visible()
    began = page.locator(".head time").inner_text()
    submit(page, "Show UTC")
    expect(page.get_by_text("Times are UTC.")).to_be_visible()
    assert page.locator(".head time").inner_text() != began
    submit(page, "Show those of Europe/Paris")
    # The local cloud has no console to lead to.
    expect(page.get_by_text("In AWS's console")).to_have_count(0)
    page.goto("/")
    card = page.get_by_role("article", name="lab")
    expect(card).to_contain_text("UPDATE_ROLLBACK_COMPLETE")
    expect(card).to_contain_text("Maintenance mode off", use_inner_text=True)
    expect(card).to_contain_text("The last run: not upgraded.")
    house.look(page, "overview-rolled-back")
    nothing_secret_in(house, page)


def what_stays_of_it(house: House, page: Page) -> None:
    """The timeline by itself, wider where somebody looks closer; the review as it was approved; its rehearsal."""
    run = page.url
    page.goto(f"{run}/timeline")
    expect(heading(page, "Timeline")).to_be_visible()
    bars = page.get_by_role("img", name="One bar a resource")
    expect(bars.locator("rect.back").first).to_be_attached()
    narrow = bars.bounding_box()["width"]
    press(page, "Wider")
    assert bars.bounding_box()["width"] > 1.9 * narrow, (bars.bounding_box(), narrow)
    expect(page.get_by_text("2 times as wide")).to_be_visible()
    house.look(page, "timeline")
    press(page, "Narrower")
    house.picture(page.locator("figure.timeline"), "timeline")
    page.goto(run)
    page.get_by_role("navigation", name="Pages of the upgrade").get_by_role("link", name="Review").click()
    expect(heading(page, "Upgrade of lab, as it was proposed")).to_be_visible()
    house.look(page, "proposal-ended")
    page.goto(f"{page.url}/rehearsal")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    house.look(page, "rehearsal-none")
    page.goto(run)


def nothing_secret_in(house: House, page: Page) -> None:
    """What the lab's stack was given as NoEcho is in no answer of the API about all that was done here."""
    asked = ["/openapi.json", "/deployments", "/deployments/lab", "/deployments/lab/proposals", "/runs", "/audit", "/people"]
    for path in ("/runs", "/deployments/lab/proposals"):
        answer = page.request.get(f"/api/v1{path}").json()
        for run in answer.get("runs", []):
            asked += [f"/runs/{run['runId']}", f"/runs/{run['runId']}/lines?limit=500"]
        for proposal in answer.get("proposals", []):
            asked.append(f"/proposals/{proposal['proposalId']}")
    assert len(asked) > 14, asked
    for path in asked:
        answer = page.request.get(f"/api/v1{path}")
        assert answer.ok, f"{path}: {answer.status} {answer.text()}"
        house.holds_no_secret(answer.text(), path)
