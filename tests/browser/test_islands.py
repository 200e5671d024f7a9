"""What script adds to the pages: keys, scans, live parts, charts; and that no part shuts anybody out."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.parts import AXE, Shown, render, render_text, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.needs("built pages")

SCAN = """async code => {
  let at = performance.now();
  for (const key of [...code, "Enter"]) {
    const target = document.activeElement ?? document.body;
    const event = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
    // as the machine dates real keys: 4 ms apart, however late the page gets to them
    Object.defineProperty(event, "timeStamp", {value: at += 4});
    const typed = target.dispatchEvent(event);
    if (typed && key !== "Enter" && "value" in target) target.value += key;
    await new Promise(resume => setTimeout(resume, 4));
  }
}"""
ALARM = """{% call ui.alarm(key, "critical", title, "LN2-03", figure, "limit", "6 min") %}{{ ui.post("/ack/" ~ key, "Acknowledge", "main", key="a") }}{% endcall %}"""
BOARD = (
    """{% call ui.live("/stream", "board", "live") %}{% call ui.board() %}"""
    "{% for key, title, figure in alarms %}"
    + ALARM
    + """{% endfor %}{% endcall %}{% endcall %}{{ ui.sound() }}"""
)
CHART = """{% call ui.chart("/series", "Top", limits=[], id="top") %}nothing{% endcall %}"""


@pytest.fixture
def shown() -> Iterator[Shown]:
    with running() as server:
        server.pages["parts"] = render("kit/parts.html")
        yield server


def opened(page: "Page", shown: Shown, name: str) -> "Page":
    page.goto(f"{shown.url}/{name}")
    page.locator("html[data-ready]").wait_for()
    return page


def focused(page: "Page") -> Any:
    return page.evaluate("document.activeElement.id || document.activeElement.ariaLabel")


def test_a_slash_goes_to_the_scan_field_from_anywhere(page: "Page", shown: Shown) -> None:
    opened(page, shown, "parts").keyboard.press("/")

    assert focused(page) == "scan"


def test_a_question_mark_lists_the_keys_and_escape_closes_them(page: "Page", shown: Shown) -> None:
    opened(page, shown, "parts").keyboard.press("?")
    dialog = page.locator("dialog.keys")
    dialog.wait_for()

    assert "Main action" in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


@pytest.mark.parametrize("code", ["SH0041-27-1184", "mama0001"], ids=["a code", "full of keys"])
def test_a_scan_from_anywhere_lands_in_find(page: "Page", shown: Shown, code: str) -> None:
    opened(page, shown, "parts")
    with page.expect_navigation():
        page.evaluate(SCAN, code)

    assert shown.found == [code]


WAITS = """<form id="own"><input id="note"><input class="code" id="tube" data-scan autofocus required>
<input class="code" id="bin" data-scan required></form>"""


def test_a_page_that_waits_for_codes_gets_the_scans_wherever_they_land(
    page: "Page", shown: Shown
) -> None:
    shown.pages["waits"] = render_text(WAITS)
    opened(page, shown, "waits")
    page.evaluate(
        "addEventListener('submit', event => { event.preventDefault(); document.title = 'sent' })"
    )
    page.locator("#note").focus()
    page.evaluate(SCAN, "SH-1184")
    assert (page.input_value("#tube"), focused(page)) == ("SH-1184", "bin")
    assert page.title() != "sent"
    page.locator("#note").focus()
    page.evaluate(SCAN, "D-044")

    assert (page.input_value("#bin"), page.input_value("#note")) == ("D-044", "")
    assert page.title() == "sent"
    assert shown.found == []


def test_a_field_that_a_scan_fell_into_gets_its_text_back(page: "Page", shown: Shown) -> None:
    opened(page, shown, "parts").locator("#note").fill("half a note")
    page.evaluate("addEventListener('submit', event => event.preventDefault())")
    page.locator("#note").focus()
    page.evaluate(SCAN, "LN2-03")

    assert page.locator("#note").input_value() == "half a note"
    assert page.locator("#scan").input_value() == "LN2-03"


@pytest.mark.parametrize("field", ["#code", "#password"])
def test_a_field_for_codes_and_a_password_keep_what_is_typed(
    page: "Page", shown: Shown, field: str
) -> None:
    opened(page, shown, "parts").locator(field).fill("")
    page.locator(field).focus()
    page.evaluate(SCAN, "SH0041")

    assert page.locator(field).input_value() == "SH0041"
    assert page.locator("#scan").input_value() == ""


def test_arrows_walk_the_box_and_only_one_place_is_a_tab_stop(page: "Page", shown: Shown) -> None:
    opened(page, shown, "parts").locator("a.place.this").focus()
    page.keyboard.press("ArrowUp")

    assert focused(page) == "B7, HEK293T"
    assert page.locator('.place[tabindex="0"]').count() == 1


def board(*alarms: tuple[str, str, str]) -> str:
    return render_text(BOARD, alarms=alarms)


def rows(*alarms: tuple[str, str, str]) -> str:
    html = board(*alarms)
    return html[html.index('<ol class="board"') : html.index("</ol>") + 5]


WARM, OPEN = ("1", "Top too warm", "−142.1"), ("2", "Lid open", "4 min")


def test_the_first_press_of_a_chooses_and_the_second_acknowledges(
    page: "Page", shown: Shown
) -> None:
    shown.pages["board"] = board(WARM, OPEN)
    opened(page, shown, "board").keyboard.press("a")
    page.locator("#alarm-1:focus").wait_for()
    assert shown.posted == []
    page.keyboard.press("j")
    page.locator("#alarm-2:focus").wait_for()
    with page.expect_response("**/ack/2"):
        page.keyboard.press("a")

    assert shown.posted == ["ack/2"]


def test_a_board_that_the_server_sends_anew_keeps_focus_and_choice(
    page: "Page", shown: Shown
) -> None:
    shown.pages["board"] = board(WARM, OPEN)
    opened(page, shown, "board").keyboard.press("j")
    page.locator("#alarm-1:focus").wait_for()
    page.keyboard.press("ArrowDown")
    shown.events.append(
        ("board", rows(("3", "No readings", "silent"), WARM, ("2", "Lid open", "5 min")))
    )
    page.locator("#alarm-3").wait_for()

    assert focused(page) == "alarm-2"
    assert page.locator("[data-selected]").get_attribute("id") == "alarm-2"
    assert page.get_by_role("status").filter(has_text="No readings").count() == 1


def test_a_lost_connection_is_said_and_heals(page: "Page", shown: Shown) -> None:
    shown.pages["board"] = board(WARM)
    opened(page, shown, "board")
    shown.streaming = False
    page.locator(".lost").wait_for()
    shown.streaming = True
    page.locator(".lost").wait_for(state="detached", timeout=15_000)


def test_a_clock_shows_the_time_of_its_zone_and_goes_on(page: "Page", shown: Shown) -> None:
    shown.pages["clock"] = render_text('<time data-clock data-zone="Asia/Shanghai"></time>')
    clock = opened(page, shown, "clock").locator("time[data-clock]")
    clock.filter(has_text=re.compile(r"^\d\d:\d\d:\d\d$")).wait_for()
    first = clock.inner_text()

    expected = page.evaluate(
        "new Date().toLocaleTimeString('en', {hour: '2-digit', hourCycle: 'h23', timeZone: 'Asia/Shanghai'})"
    )
    page.wait_for_timeout(1500)

    assert first[:2] == expected[:2]
    assert clock.inner_text() != first


def test_a_chart_is_drawn_read_by_keys_and_changes_its_range(page: "Page", shown: Shown) -> None:
    shown.pages["chart"] = render_text(CHART)
    opened(page, shown, "chart").locator(".chart canvas").wait_for()
    page.locator(".plot").focus()
    page.keyboard.press("End")

    assert "Top −172.1" in page.locator(".readout").inner_text()
    with page.expect_response("**/series?range=1h*"):
        page.locator('[data-range="1h"]').click()
    assert "range=1h" in page.url


ZOOMED = """{% call ui.chart("/series", "Top", id="top", steps={"closer": (1, 2)}, table_url="/t?range=24h", csv_url="/c?range=24h") %}nothing{% endcall %}"""


def test_a_chart_goes_closer_by_drag_and_by_key_and_its_links_follow(
    page: "Page", shown: Shown
) -> None:
    shown.pages["chart"] = render_text(ZOOMED)
    opened(page, shown, "chart").locator(".chart canvas").wait_for()
    box = page.locator(".u-over").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    with page.expect_response("**/series?*from=*"):
        page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
        page.mouse.up()
    assert "from=" in page.url

    page.locator(".plot").focus()
    with page.expect_response("**/series?*from=*"):
        page.keyboard.press("+")
    page.locator('.chart-foot a[href^="http"][href*="/t?from="]').wait_for()
    assert "what=readings" in (page.locator('a[href*="/c?"]').last.get_attribute("href") or "")


def test_a_chart_is_saved_as_a_picture(page: "Page", shown: Shown) -> None:
    shown.pages["chart"] = render_text(ZOOMED)
    opened(page, shown, "chart").locator(".chart canvas").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Picture (PNG)").click()

    head = saved.value.path().read_bytes()[:24]
    width, height = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    canvas = page.locator(".chart canvas").first
    drawn = int(canvas.get_attribute("height") or 0)
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert width == int(canvas.get_attribute("width") or 0)
    assert height > drawn + 64  # the title above it, what the colours mean beneath


def test_sound_is_off_until_it_is_turned_on(page: "Page", shown: Shown) -> None:
    shown.pages["board"] = board(WARM)
    switch = opened(page, shown, "board").locator("[data-sound]")
    assert switch.inner_text() == "Sound off"
    switch.click()

    assert switch.inner_text() == "Sound on"
    assert switch.get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize("width", [390, 1440])
def test_no_part_shuts_anybody_out_or_scrolls_sideways(
    chromium: "Browser", shown: Shown, scheme: str, language: str, width: int
) -> None:
    shown.pages["parts"] = render("kit/parts.html", language, scheme=scheme)
    context = chromium.new_context(viewport={"width": width, "height": 900}, bypass_csp=True)
    page = opened(context.new_page(), shown, "parts")
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run().then(report => report.violations.map(v => [v.impact, v.id, v.nodes[0].html]))"
    )
    scrolls = page.evaluate("document.documentElement.scrollWidth")
    context.close()

    assert [one for one in found if one[0] in ("serious", "critical")] == []
    assert scrolls <= width
