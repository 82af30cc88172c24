"""The panel in a second engine: its pages come, its forms send, its live parts change, and no script fails."""

import json

from house import PASSWORDS, House, heading, line, press, told
from maintenance import maintenance_page
from playwright.sync_api import expect

from firefox import Firefox

HEADING = "document.querySelector('h1').textContent"


def pages_forms_and_live_parts_in_firefox(house: House) -> None:
    firefox = Firefox(house.firefox)
    try:
        walk(house, firefox)
        assert not firefox.complaints, "\n".join(firefox.complaints)
    finally:
        firefox.close()


def walk(house: House, firefox: Firefox) -> None:
    # A form of the browser's own.
    firefox.goto(f"{house.address}/sign-in")
    firefox.fill("name", "ada")
    firefox.fill("password", PASSWORDS["ada"])
    firefox.press("Sign in")
    firefox.until(f"{HEADING} === 'Overview'")
    # A form that our script sends.
    firefox.goto(f"{house.address}/deployments/lab/banner")
    firefox.fill("text", "Seen by another engine")
    firefox.press("Show it to users")
    firefox.until("document.body.innerText.includes('Users see')")
    firefox.press("Take it down")
    firefox.until("document.body.innerText.includes('Users see no banner.')")
    # The pages, each as wide as its window.
    page = house.somebody("ada")
    runs = page.request.get("/api/v1/runs?limit=1").json()["runs"]
    run = f"/runs/{runs[0]['runId']}"
    proposal = page.request.get("/api/v1/deployments/lab/proposals").json()["proposals"][0]["proposalId"]
    for path, words in [
        ("/history", "History"),
        ("/access", "Access"),
        ("/account", "Your account"),
        ("/deployments/lab/upgrade", "Upgrade lab: template"),
        (f"/proposals/{proposal}", "Upgrade of lab"),
        (f"{run}/timeline", "Timeline"),
        (run, "Upgrade"),
    ]:
        firefox.goto(house.address + path)
        firefox.until(f"{HEADING}.startsWith({json.dumps(words)})")
        wide = firefox.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} scrolls sideways by {wide} pixels"
    # Times are put into the reader's zone, and the timeline is drawn as wide as there is room for.
    assert firefox.evaluate("document.querySelectorAll('time[datetime]:not([data-local])').length") == 0
    assert firefox.evaluate("document.querySelectorAll('.timeline .bars rect').length") > 10
    # Live parts: what somebody else begins and stops is seen while it is.
    firefox.goto(f"{house.address}/deployments/lab/maintenance")
    firefox.until(f"{HEADING} === 'System maintenance'")
    maintenance_page(page)
    page.get_by_label("Maintenance begins in").fill("5")
    press(page, "Enable maintenance mode")
    expect(heading(page, "Enable maintenance")).to_be_visible()
    firefox.until("document.querySelector('#under-way .meter') !== null")
    firefox.goto(page.url)
    firefox.until("document.querySelector('#place') !== null")
    page.get_by_text("Stop …").click()
    press(page, "Stop the run")
    expect(page.get_by_text("maintenance was not entered").first).to_be_visible()
    firefox.until("document.querySelector('#standing').innerText.includes('maintenance was not entered')")
    lines = "[...document.querySelectorAll('#events li')].map((one) => one.innerText.split('\\n').pop())"
    expect(line(page, "maintenance was not entered")).to_be_visible()
    assert len(firefox.evaluate(lines)) == len(told(page)), (firefox.evaluate(lines), told(page))
