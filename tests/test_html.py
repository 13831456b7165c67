"""HTML of the course: text is escaped, tables are read as tables."""

from __future__ import annotations

from IPython.display import HTML

from labkit.course.html import (
    bars_in_html,
    beside_in_html,
    in_html,
    plain_text,
    table_in_html,
    with_title,
)


def test_text_is_escaped_and_what_knows_its_html_is_not() -> None:
    assert in_html("<b>") == "&lt;b&gt;"
    assert in_html(ValueError("a < b")) == "a &lt; b"
    assert in_html(HTML("<i>x</i>")) == "<i>x</i>"  # type: ignore[no-untyped-call]
    assert with_title("Ask.", "<?>") == "<b>Ask.</b> &lt;?&gt;"


def test_a_table_names_its_columns_and_rows() -> None:
    table = table_in_html([("a", 1), ("b", "<2>")], ("", "color:red"), head=("x", "y"),
                          caption="c", is_named=True, bold=1)  # fmt: skip
    assert table == (
        '<table><caption>c</caption><tr><th scope="col">x</th>'
        '<th scope="col" style="color:red">y</th></tr>'
        '<tr><th scope="row">a</th><td style="color:red">1</td></tr>'
        '<tr style="font-weight:bold"><th scope="row">b</th>'
        '<td style="color:red">&lt;2&gt;</td></tr></table>'
    )


def test_a_bar_over_five_times_the_smallest_ends_in_a_tip() -> None:
    bars = bars_in_html({"few": 1.0, "more <": 5.0, "many": 5.1}, "calls")
    assert [f"width:min({width}px" in bars for width in (60, 300)] == [True, True]
    assert bars.count("▸") == 1
    assert "more &lt;" in bars


def test_plain_text_has_no_space_after_bold_words_and_one_between_a_line_and_its_table() -> None:
    told = beside_in_html("K = <b>3</b>, p", table_in_html([("a", 1)], ("", "")))
    assert plain_text(told) == "K = 3, p a 1"
