"""Coming in: the set-up link, signing in, and what a viewer may not."""

from playwright.sync_api import expect

from house import PASSWORDS, House, heading, press, sign_in


def the_setup_link_works_once(house: House) -> None:
    page = house.stranger()
    page.goto("/")
    expect(heading(page, "Sign in")).to_be_visible()
    page.goto(house.setup_link)
    expect(heading(page, "Set up the panel")).to_be_visible()
    house.look(page, "set-up")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORDS["ada"])
    press(page, "Begin")
    expect(heading(page, "Overview")).to_be_visible()
    expect(page.get_by_role("article", name="lab")).to_contain_text("1.0.0")
    house.look(page, "overview")

    late = house.stranger()
    late.goto(house.setup_link)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(late.get_by_label("Password")).to_have_count(0)


def signing_in_and_out(house: House) -> None:
    page = house.stranger()
    page.goto("/history")
    expect(heading(page, "Sign in")).to_be_visible()
    house.look(page, "sign-in")
    sign_in(page, "ada", "not her password")
    expect(page.get_by_role("alert")).to_contain_text("don't go together")
    house.look(page, "sign-in-refused")
    # What is looked for everywhere would be found: text outside of every landmark is a moderate fault.
    page.evaluate("document.body.append(Object.assign(document.createElement('div'), { textContent: 'outside', id: 'outside' }))")
    assert any(fault.startswith("moderate") for fault in house.axe_says(page)), house.axe_says(page)
    page.evaluate("document.getElementById('outside').remove()")
    sign_in(page, "ada", PASSWORDS["ada"])
    expect(heading(page, "History")).to_be_visible()
    house.look(page, "history-empty")
    page.goto("/account")
    expect(heading(page, "Your account")).to_be_visible()
    house.look(page, "account")
    page.goto("/nowhere")
    expect(heading(page, "Not found")).to_be_visible()
    house.look(page, "not-found")
    page.goto("/")
    press(page, "Sign out")
    expect(heading(page, "Sign in")).to_be_visible()
    page.goto("/history")
    expect(heading(page, "Sign in")).to_be_visible()


def a_viewer_may_look_and_no_more(house: House) -> None:
    admin = house.somebody("ada")
    admin.get_by_role("navigation", name="Pages").get_by_role("link", name="Access").click()
    expect(heading(admin, "Access")).to_be_visible()
    house.look(admin, "access")
    admin.get_by_text("Add somebody").click()
    form = admin.locator("form").filter(has=admin.get_by_role("button", name="Add", exact=True))
    form.get_by_label("Name").fill("vera")
    form.get_by_label("First password").fill(PASSWORDS["vera"])
    form.get_by_label("Role").select_option("viewer")
    form.get_by_label("Your own password").fill(PASSWORDS["ada"])
    house.look(admin, "access-adding")
    press(admin, "Add")
    expect(admin.get_by_role("cell", name="vera").first).to_be_visible()

    viewer = house.somebody("vera")
    expect(viewer.get_by_role("navigation", name="Pages").get_by_role("link", name="Access")).to_have_count(0)
    viewer.get_by_role("link", name="System maintenance").click()
    expect(heading(viewer, "System maintenance")).to_be_visible()
    expect(viewer.get_by_role("button", name="Enable maintenance mode")).to_have_count(0)
    house.look(viewer, "maintenance-viewer")
    viewer.goto("/access")
    expect(heading(viewer, "Not yours to do")).to_be_visible()
    house.look(viewer, "forbidden")
