"""The command, as a user meets it: what it prints and writes, and one line for input that cannot be used."""

import importlib.metadata
import io
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import autograd_core
from autograd_core import Value
from autograd_core.command import cli, demo, targets
from autograd_core.compiler.machine import host as native
from autograd_core.draw import rendering
from autograd_core.nn import MLP

TABLE = "a,b,kind\n" + "".join(f"{i},{i * i % 7},{'no' if i < 10 else 'yes'}\n" for i in range(20))


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a refusal says."""
    before = sorted(os.listdir())
    try:
        status = cli.main(arguments)
    except SystemExit as stop:
        status = stop.code  # type: ignore[assignment]
    said = capsys.readouterr()
    assert status == 2
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert sorted(os.listdir()) == before
    return said.err


def test_the_demo_learns_iris_and_writes_two_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--epochs", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (accuracy,) = (line.split()[2] for line in lines if line.startswith("held-out"))
    (error,) = (line.split()[-1] for line in lines if line.startswith("worst"))
    assert float(accuracy.rstrip("%")) >= 93.0
    assert 0.0 <= float(error) < 1e-8
    (times,) = (line for line in lines if line.startswith("an epoch took"))
    assert re.fullmatch(r"an epoch took \S+ ms compiled and \S+ ms eagerly \(mean of 3\): \d+ times as long", times)
    assert any(re.fullmatch(r"trained in \S+ s, after \S+ s of compiling", line) for line in lines)
    assert sorted(os.listdir("autograd-core-demo")) == ["neuron.svg", "training.png"]
    text = "".join(ElementTree.parse("autograd-core-demo/neuron.svg").getroot().itertext())
    assert "weight of petal length" in text
    assert pathlib.Path("autograd-core-demo/training.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.sweep
def test_without_llvmlite_the_demo_learns_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "obstacle", lambda: "there is no llvmlite: pip install 'autograd-core[compile]'")
    monkeypatch.setattr(native, "_noted", False)
    monkeypatch.setattr(native, "_notes", set())
    with pytest.warns(UserWarning, match=r"autograd-core\[compile\]") as notes:
        assert cli.main(["--epochs", "20"]) == 0
    assert len(notes) == 1
    said = capsys.readouterr().out
    assert "held-out accuracy 93.3%" in said
    assert "on NumPy's arrays" in said
    assert "compil" not in said


def test_the_neuron_is_drawn_whatever_graphviz_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, sample = MLP(2, [3, 2], seed=1), targets.Sample([0.5, -1.0], 0)
    monkeypatch.setattr(rendering, "_renderers", lambda form: [])  # as in a slim image, where pygraphviz does not load
    assert demo._draw_neuron(model, sample, ["a", "b"], "neuron.svg") == "neuron.svg"
    assert "weight of b" in pathlib.Path("neuron.svg").read_text()
    os.remove("neuron.svg")
    failing = [sys.executable, "-c", "raise SystemExit('out of paper')"]
    monkeypatch.setattr(rendering, "_renderers", lambda form: [failing])
    assert demo._draw_neuron(model, sample, ["a", "b"], "neuron.svg") == "neuron.dot"
    assert os.listdir() == ["neuron.dot"]
    assert pathlib.Path("neuron.dot").read_text().startswith("digraph")
    assert capsys.readouterr().err.count("note: the picture is DOT text: Graphviz gave no svg: out of paper") == 1


def test_a_table_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    pathlib.Path("t.csv").write_text(TABLE)
    chosen = ["--target", "kind", "--epochs", "1", "--hidden", "3,2", "--out", "o"]
    assert cli.main(["demo", "--data", "t.csv", *chosen]) == 0
    assert "20 rows, 2 features, 2 classes of kind" in capsys.readouterr().out
    assert sorted(os.listdir("o")) == ["neuron.svg", "training.png"]


def test_numbers_to_learn(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(0.1 * i, (i * i) % 7) for i in range(60)]
    text = "a,b,price\n" + "".join(f"{a:.1f},{b},{1000.0 + 200.0 * a - 30.0 * b}\n" for a, b in rows)
    pathlib.Path("t.csv").write_text(text)
    assert cli.main(["--data", "t.csv", "--epochs", "60", "--hidden", "4", "--out", "o"]) == 0
    said = capsys.readouterr().out
    assert "60 rows, 2 features, price from 920 to 2120\nregression (for classification say" in said
    (found,) = re.findall(r"held-out R² (\S+) \(12 rows\)", said)
    ((error, of_mean),) = re.findall(r"squared error (\S+), of the training rows' mean as an answer (\S+),", said)
    assert float(found) > 0.5
    assert 1.0 - (float(error) / float(of_mean)) ** 2 == pytest.approx(float(found), abs=0.1)
    assert 200.0 < float(of_mean) < 600.0
    assert sorted(os.listdir("o")) == ["neuron.svg", "training.png"]
    assert "51 different values" in refused(["--data", "t.csv", "--task", "classification"], capsys)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TABLE.replace("3,2,", "x,2,"), "t.csv, line 5, column 'a': 'x' is not a number"),
        (TABLE.replace("yes", "no"), "every row is of the class 'no'"),
        (TABLE + "20,1,maybe\n", "line 22, column 'kind': the only row of class 'maybe'"),
        ("a,kind\n" + "".join(f"1,x{i}\n" for i in range(30)), "30 different values"),
        ("kind\nx\ny\nx\ny\n", "no column besides the target"),
        (TABLE.replace("kind", "knd"), "no column 'kind' (did you mean 'knd'?)"),
    ],
)
def test_refused_tables(content: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    pathlib.Path("t.csv").write_text(content)
    assert message in refused(["demo", "--data", "t.csv", "--target", "kind"], capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "none.csv"], "none.csv: No such file"),
        (["--data", "."], ".: Is a directory"),
        (["--target", "species"], "give both"),
        (["--epochs", "0"], "'0' is not a count"),
        (["--hidden", "8,x"], "'x' is not a count"),
        (["--seed", "x"], "invalid int value"),
        (["--out", "file/below"], "is not a folder"),
        (["--out", "file"], "is not a folder"),
        (["--nonsense"], "unknown option '--nonsense'"),
        (["nonsense"], "invalid choice"),
        (["draw", "x^2", "x=1"], "use ** for a power"),
        (["draw", "w*x", "w=abc", "x=1"], "'abc' is not a number"),
        (["draw", "x", "x=1", "x=2"], "'x' is given twice"),
        (["draw", "x", "x=1", "y=2"], "'y' does not occur"),
        (["draw", "x", "x"], "not of the form NAME=NUMBER"),
        (["draw", "x", "x=1", "-o", "out.txt"], "the suffix decides the format"),
        (["draw", "x", "x=1", "-o", "none/out.svg"], "No such file"),
        (["draw", "-x", "x=1"], "unknown option '-x' (a formula that starts with a minus goes in parentheses)"),
    ],
)
def test_refused_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    pathlib.Path("file").write_text("")
    assert message in refused(arguments, capsys)


def test_draw_prints_and_draws(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["draw", "w*x + 1", "w=3", "-o", "out.dot", "x=-2"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "value -5.0",
        "derivative with respect to w -2.0",
        "derivative with respect to x 3.0",
        "wrote out.dot",
    ]
    assert pathlib.Path("out.dot").read_text().startswith("digraph")


def test_a_formula_without_variables_is_drawn_too() -> None:
    assert cli.main(["draw", "3", "-o", "out.dot"]) == 0


def test_missing_extras_are_named_before_anything_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == "tqdm" else True)
    assert "needs tqdm: pip install 'autograd-core[demo]'" in refused([], capsys)


def test_an_interrupt_is_quiet_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "train", interrupted)
    assert cli.main([]) == 130
    assert capsys.readouterr().err == ""
    assert os.listdir() == []


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run([sys.executable, "-m", "autograd_core", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("autograd-core ")


def test_a_terminal_without_utf_8_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding="ascii", errors="strict"))
    assert cli.main(["draw", "x", "x=é"]) == 2
    sys.stderr.flush()
    assert b"'?' is not a number" in written.getvalue()


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"autograd-core {autograd_core.__version__}\n"
    assert importlib.metadata.version("autograd-core") == autograd_core.__version__


def test_eager_epochs_of_a_large_table_are_timed_on_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model, seen, ticks = MLP(1, [2], seed=0), [], iter([1.0, 4.0])

    def loss(model: MLP, target: targets.Target, samples: list[targets.Sample]) -> Value:
        seen.extend(samples)
        return model.parameters()[0] * 2.0

    monkeypatch.setattr(demo, "_loss", loss)
    monkeypatch.setattr(demo, "MOST_TIMED", 5)
    monkeypatch.setattr(demo, "perf_counter", lambda: next(ticks))
    assert (
        demo._eager_seconds(model, targets.Classes("c", "ab"), [targets.Sample([0.5], 0)] * 20) == 4.0
    )  # a second for 5 rows
    assert len(seen) == 5 * demo.EAGER_EPOCHS
    assert (demo._measured(20), demo._measured(5)) == ("mean of 3, from 5 rows", "mean of 3")
