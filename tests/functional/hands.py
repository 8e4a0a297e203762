"""What people do with their hands on a page: draw a name, answer a checklist, wait until the device has saved; what they see at its sides."""

from playwright.sync_api import Page, expect


def sign(page: Page, name: str) -> None:
    """Draws a name with the finger."""
    canvas = page.locator(f"#{name} canvas")
    canvas.evaluate("element => element.scrollIntoView({block: 'center', behavior: 'instant'})")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 90)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 30 + 35 * step, box["y"] + (40 if step % 2 else 100), steps=4)
    page.mouse.up()


def answer(page: Page, code: str, words: str) -> None:
    """Answers one item of a checklist."""
    item = page.locator(f'[data-check-item][data-code="{code}"]')
    item.get_by_role("radio", name=words, exact=True).check()


def answer_all(page: Page) -> None:
    """Answers what is left of every area as right."""
    for button in page.locator("[data-check-all]").all():
        button.click()


def saved(page: Page) -> None:
    """Waits until the server has what was recorded."""
    expect(page.locator("[data-draft-status]").first).to_contain_text("已保存", timeout=20_000)


def fits(page: Page) -> None:
    """Nothing sticks out at the side."""
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 1, f"{wide} px too wide"
