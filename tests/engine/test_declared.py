"""What type checkers are told of Value's methods is what the table gives."""

import declared


def test_the_declared_methods_are_those_of_the_table():
    assert declared.path().read_text(encoding="utf-8") == declared.text()
