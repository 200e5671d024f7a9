"""What a person reads on the pages of freezers, without script."""

import re
from datetime import timedelta


def test_the_sentence_stands_before_the_figures(watched):
    page = watched.get("/freezers/LN2-SH").text

    assert "Top probe 8\u2009K above its limit and rising 3.0\u2009K a minute since 19:5" in page
    assert "lid closed, level steady." in page
    assert "too warm" in page
    assert "−142.0\u2009°C" in page
    assert "critical −150" in page  # in the drawn picture, which needs no script
    assert 'class="line"' in page


def test_a_silent_freezer_is_unknown_and_never_fine(watched):
    watched.clock.forward(timedelta(minutes=31))

    page = watched.get("/freezers/LN2-SH").text
    listed = watched.get("/freezers").text

    assert "No readings since 20:00: how this freezer stands is unknown." in page
    assert "no readings" in listed
    assert "−142.0" not in listed


def test_the_list_of_freezers_tells_the_newest_values(watched):
    page = watched.get("/freezers").text

    assert "−142.0\u2009°C" in page
    assert "231\u2009mm" in page


def test_the_first_page_tells_how_long_the_nitrogen_lasts(watched):
    watched.clock.forward(timedelta(minutes=31))

    page = watched.get("/").text

    assert "Nitrogen" in page
    assert "LN2-SH" in page
    assert re.search(r"since <time[^>]*>20:00", page)


def test_nothing_is_told_to_another_organisation(watched):
    assert watched.get("/freezers/LN2-SH", watched.stranger).status_code == 404
    assert "LN2-SH" not in watched.get("/", watched.stranger).text
    assert "−142.0" not in watched.get("/freezers", watched.stranger).text


def test_a_range_that_nobody_knows_draws_the_usual_one(watched):
    assert watched.get("/freezers/LN2-SH?range=eternity").status_code == 200
    assert watched.get("/freezers/LN2-SH?range=1y").status_code == 200


def test_everything_is_there_in_chinese(watched):
    page = watched.get("/freezers/LN2-SH", **{"Accept-Language": "zh"})
    watched.post("/language", language="zh_Hans", next="/")

    assert page.status_code == 200
    chinese = watched.get("/freezers/LN2-SH").text
    assert "每分钟上升" in chinese
    assert "蒸发损耗" in chinese or "最近读数" in chinese
