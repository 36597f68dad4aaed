from __future__ import annotations

from trend_assets.lib.privacy.messages import has_password, without_password, without_quotes


def test_what_a_message_quotes_is_left_out():
    assert without_quotes("could not convert string to float: 'my order\t12 is late'") == "could not convert string to float: '…'"
    assert without_quotes("found \"one\" and\n'two'") == "found '…' and '…'"
    assert without_quotes("10 rows of two classes") == "10 rows of two classes"


def test_a_password_is_not_shown():
    told = without_password("postgresql://user:secret@db:5432/mlflow?x=1")
    assert told == "postgresql://user:***@db:5432/mlflow?x=1"
    assert without_password("sqlite:///data/mlflow/mlflow.db") == "sqlite:///data/mlflow/mlflow.db"
    assert has_password("postgresql://user:secret@db/mlflow")
    assert not has_password("http://tracking:5000")
