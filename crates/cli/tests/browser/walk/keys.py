"""Going by the keyboard alone: Tab until something has the focus, which is seen to have it, then what a key does there."""

from playwright.sync_api import Locator, Page, expect

# The longest page has fewer places to stop at.
MOST_STOPS = 400

SEEN = """() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    return {
        what: one.outerHTML.slice(0, 200),
        outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        width: box.width, height: box.height,
    };
}"""


def reach(page: Page, target: Locator) -> None:
    expect(target).to_be_visible()
    for _ in range(MOST_STOPS):
        if target.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError(f"no Tab leads to {target}")
    seen = page.evaluate(SEEN)
    assert seen["outline"] and seen["inView"] and seen["width"] > 1 and seen["height"] > 1, f"the focus isn't seen: {seen}"


def enter(page: Page, target: Locator) -> None:
    reach(page, target)
    page.keyboard.press("Enter")


def space(page: Page, target: Locator) -> None:
    reach(page, target)
    page.keyboard.press("Space")


def write(page: Page, target: Locator, text: str) -> None:
    reach(page, target)
    page.keyboard.insert_text(text)
