"""System maintenance: on and off again, watched live, by two, over a reload and over a connection that breaks."""

import re

from playwright.sync_api import Page, expect

from house import MOVING, PATIENCE, House, heading, line, press, told
from keys import enter
from proxy import DroppingProxy


def maintenance_page(page: Page) -> None:
    page.goto("/")
    page.get_by_role("article", name="lab").get_by_role("link", name="System maintenance").click()
    expect(heading(page, "System maintenance")).to_be_visible()


def ended(page: Page, words: str) -> None:
    expect(page.locator("main").get_by_text(words, exact=True).first).to_be_visible(timeout=PATIENCE)


def on_watched_by_two_and_off_again(house: House) -> None:
    # The second one's proxy drops the stream in the middle of it.
    proxy = DroppingProxy(house.address)
    ada, vera = house.somebody("ada"), house.somebody("vera", proxy.address)
    maintenance_page(ada)
    # What one click does, to whom, and what holds where nothing is typed.
    foretold = ada.locator(".foretold")
    expect(foretold).to_contain_text(re.compile(r"5 sessions are saved and stopped, with \d+ unsaved files: .*Ada \d"))
    expect(foretold).to_contain_text(re.compile(r"\d+ computations are stopped: .*Ada \d"))
    expect(ada.get_by_text(re.compile("^Empty: (at once|in .+), as the settings have it.$")).first).to_be_visible()
    house.look(ada, "maintenance")
    house.picture(foretold, "maintenance")
    # Pages that stay open show by themselves what becomes of it.
    page_of_maintenance, overview = house.somebody("ada"), house.somebody("vera")
    maintenance_page(page_of_maintenance)
    page_of_maintenance.get_by_label("Message to users").fill("Back at eleven")
    # By the keyboard, as every act can be.
    enter(ada, ada.get_by_role("button", name="Enable maintenance mode"))
    expect(heading(ada, "Enable maintenance")).to_be_visible()
    vera.goto(ada.url.replace(house.address, proxy.address))
    expect(vera.get_by_text("Stop …")).to_have_count(0)
    expect(line(vera, "Close the gate")).to_be_visible(timeout=PATIENCE)
    proxy.drop()
    expect(ada.locator("#place")).to_have_text(re.compile(r"^Step \d+ of \d+ · "))
    expect(ada).to_have_title(re.compile(r"^\d+/\d+ .* – lab"))
    expect(page_of_maintenance.locator("#under-way")).to_contain_text(re.compile(r"Step \d+ of \d+"))
    # What somebody types there stays.
    expect(page_of_maintenance.get_by_label("Message to users")).to_have_value("Back at eleven")
    expect(vera.get_by_text("Connection lost.")).to_be_visible()
    house.look(vera, "run-offline")
    # Somebody who reloads in the middle of it misses nothing and sees nothing twice.
    expect(line(ada, "Save and stop sessions")).to_be_visible(timeout=PATIENCE)
    ada.reload()
    house.look(ada, "run-live")
    it_moves_only_where_that_is_wanted(ada)
    expect(line(ada, "Terminate workers")).to_be_visible(timeout=PATIENCE)
    expect(line(vera, "Terminate workers")).to_have_count(0)
    proxy.let_through()
    for page in (ada, vera):
        ended(page, "maintenance was entered")
    expect(vera.get_by_text("Connection lost.")).to_be_hidden()
    assert_same_lines(ada, vera)
    house.look(vera, "run-ended")
    expect(overview.get_by_text("Maintenance mode is on since")).to_be_visible(timeout=30_000)
    page_of_maintenance.get_by_label("Message to users").fill("")
    page_of_maintenance.get_by_role("heading", name="System maintenance").click()
    expect(page_of_maintenance.get_by_role("link", name="Upgrade now")).to_be_visible(timeout=30_000)

    maintenance_page(ada)
    in_maintenance(ada, "ada")
    house.look(ada, "maintenance-closed")
    press(ada, "Disable maintenance mode")
    expect(heading(ada, "Disable maintenance")).to_be_visible()
    ended(ada, "maintenance was left")
    ada.goto("/")
    expect(ada.get_by_role("article", name="lab")).to_contain_text("Maintenance mode off", use_inner_text=True)


def it_moves_only_where_that_is_wanted(page: Page) -> None:
    """The step that a run is in breathes, and is still where somebody wants less motion: looks at pages demand that."""
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING), "nothing moves: what is looked for elsewhere could not be found"


def it_counts_by_itself(page: Page) -> None:
    """Time goes on though nothing happens and nobody reloads."""
    since = page.locator("[data-since]").last
    page.route("**/stream**", lambda route: route.abort())
    seen = set()
    for _ in range(40):
        seen.add(since.inner_text())
        page.wait_for_timeout(100)
    page.unroute("**/stream**")
    assert len(seen) >= 3, seen


def begun_on_the_command_line_and_stopped_here(house: House) -> None:
    page = house.somebody("ada")
    # A notice that leaves time to look and to stop: the panel looks at a shared state every two seconds.
    elsewhere = house.slackwater("maintenance", "enable", "--yes", "--notice", "60s")
    runs = page.get_by_role("link", name="Enable maintenance")
    until(page, lambda: (page.goto("/history"), runs.count() == 2)[1])
    runs.first.click()
    # The wait for the announced time, as a time of the day and as what is left.
    expect(page.get_by_text(re.compile(r"^The gate closes at \d\d:\d\d:\d\d, in "))).to_be_visible()
    it_counts_by_itself(page)
    page.get_by_text("Stop …").click()
    house.look(page, "run-stop")
    # The page of system maintenance names the run, and asks for what disabling would meet.
    run = page.url
    maintenance_page(page)
    expect(page.get_by_text("has not ended")).to_be_visible()
    expect(page.get_by_role("button", name="Enable maintenance mode")).to_have_count(0)
    house.look(page, "maintenance-under-way")
    press(page, "Disable maintenance mode")
    # Without the tick the browser sends nothing.
    expect(heading(page, "System maintenance")).to_be_visible()
    page.get_by_label(re.compile("^Stop the run first")).check()
    press(page, "Disable maintenance mode")
    expect(heading(page, "Enable maintenance")).to_be_visible()
    assert page.url == run, (page.url, run)
    ended(page, "maintenance was not entered")
    # Whoever asks is named with the rights that the panel wrote it with.
    asks = r"ada \(arn:aws:iam::\S+\) asks to stop"
    expect(line(page, re.compile(asks))).to_be_visible()
    said, _ = elsewhere.communicate(timeout=60)
    assert re.search(asks, said.decode()), said.decode()
    page.goto("/history")
    house.look(page, "history")


def in_maintenance(page: Page, by: str | None = None) -> None:
    """The page of system maintenance says so, from the gate's own note."""
    expect(page.get_by_text("Maintenance mode: on", exact=True)).to_be_visible()
    told = page.get_by_text("On since")
    expect(told).to_be_visible()
    if by:
        expect(told).to_contain_text(f"by {by}")
    expect(page.get_by_role("heading", name="To be put back")).to_be_visible()
    expect(page.get_by_role("button", name="Enable maintenance mode")).to_have_count(0)
    expect(page.get_by_role("button", name="Disable maintenance mode")).to_be_visible()
    expect(page.get_by_role("link", name="Upgrade now")).to_be_visible()


def until(page: Page, holds) -> None:
    """Pages that aren't live are loaded until they show it."""
    for _ in range(PATIENCE // 200):
        if holds():
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"{page.url} never showed it")


def assert_same_lines(*pages: Page) -> None:
    """Every page shows what a page that is opened now shows: nothing lost, nothing doubled."""
    fresh = pages[0].context.new_page()
    fresh.goto(pages[0].url)
    wanted = told(fresh)
    fresh.close()
    assert len(wanted) > 10, wanted
    for page in pages:
        assert told(page) == wanted, f"{told(page)}\n\n{wanted}"
