"""The user banner: shown, changed, taken down, and always only text."""

from playwright.sync_api import expect

from house import House, heading, submit

HOSTILE = "<img src=x onerror=\"document.title='taken'\"> Maintenance tonight at ten."


def shown_changed_and_taken_down(house: House) -> None:
    page = house.somebody("ada")
    page.get_by_role("link", name="User banner").click()
    expect(heading(page, "User banner")).to_be_visible()
    expect(page.get_by_text("Users see no banner.")).to_be_visible()
    house.look(page, "banner-none")
    page.get_by_label("Text").fill("Maintenance tonight at ten.")
    page.get_by_label("Level").select_option("warning")
    # Once in the form, and once as users will see it.
    expect(page.get_by_role("paragraph").filter(has_text="Maintenance tonight at ten.")).to_be_visible()
    submit(page, "Show it to users")
    expect(page.get_by_role("heading", name="Users see")).to_be_visible()
    house.look(page, "banner-warning")

    page.get_by_label("Text").fill(HOSTILE)
    page.get_by_label("Level").select_option("critical")
    submit(page, "Show it to users")
    # As what users see, and in the preview.
    expect(page.get_by_role("paragraph").filter(has_text="<img src=x")).to_have_count(2)
    expect(page).to_have_title("User banner · Slackwater")
    expect(page.get_by_role("img")).to_have_count(0)
    house.look(page, "banner-critical")

    submit(page, "Take it down")
    expect(page.get_by_text("Users see no banner.")).to_be_visible()
