"""Data cannot become markup."""

from __future__ import annotations

import pytest

from trend_assets.board.markup import Html, element, join, sparkline

HOSTILE = "<script>alert(1)</script>\"'&"


def test_text_and_attributes_are_escaped_and_built_markup_is_kept():
    inner = element("b", HOSTILE)
    assert "<script" not in inner
    built = element("p", inner, HOSTILE, data_label=HOSTILE, class_="quiet")
    assert built.startswith('<p data-label="&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" class="quiet"><b>&lt;script')
    assert "<script" not in built
    assert isinstance(join("a", inner), Html)


def test_markup_put_together_as_text_is_escaped_again():
    assert element("p", f"{element('b', 'x')}") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"


@pytest.mark.parametrize("make", [lambda: element("script", "x"), lambda: element("p", onclick="x"), lambda: element("p><script", "x")])
def test_elements_and_attributes_that_would_run_something_are_refused(make):
    with pytest.raises(ValueError, match="not a name for markup"):
        make()


def test_a_sparkline_breaks_where_a_value_is_missing():
    drawn = sparkline([0.0, 1.0, None, 2.0, 1.0], marked=1, title=HOSTILE)
    assert drawn.count("<polyline") == 2
    assert "<line" in drawn
    assert "<script" not in drawn
    assert sparkline([None, None]) == ""
