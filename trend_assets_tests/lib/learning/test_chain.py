from __future__ import annotations

import pytest

from trend_assets.lib.learning.chain import upstream_first
from trend_assets.lib.learning.discovery import tasks


def test_each_task_comes_after_those_it_reads() -> None:
    order = upstream_first({name: task.depends_on for name, task in tasks().items()})
    assert sorted(order) == sorted(tasks())
    assert order.index("sentiment") < order.index("complaint_reason")
    assert upstream_first({"c": ["b", "elsewhere"], "b": ["a"], "a": []}) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="cycle"):
        upstream_first({"a": ["b"], "b": ["a"]})
