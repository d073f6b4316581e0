"""What type checkers are told of Value's methods is what the table gives."""

import subprocess
import sys

import declared


def test_the_declared_methods_are_those_of_the_table():
    # in a process of its own, in whose table no test or example has put a row
    command = [sys.executable, declared.__file__, "--print"]
    text = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
    assert declared.path().read_text(encoding="utf-8") == text
