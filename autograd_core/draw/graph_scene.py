"""From a graph to a scene: which boxes and arrows there are, and what stands in them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from math import isfinite
from typing import TypeGuard

from autograd_core.draw.boxes import Boxes
from autograd_core.draw.folding import folded
from autograd_core.draw.options import Options
from autograd_core.draw.scene import Arrow, Box, Cluster, Row, Scene
from autograd_core.draw.texts import ports, printable, printable_label, shortened
from autograd_core.draw.units import Fold, Neuron, Unit
from autograd_core.engine.graph import Graph
from autograd_core.engine.origins import Scope
from autograd_core.engine.sweeps import local_derivatives
from autograd_core.engine.traced import Traced
from autograd_core.engine.value import Constant, Value

__all__ = ["graph_scene"]

DEEPEST = 6  # frames in each other; tooltips say more
EDGES_PER_NODE = 4  # of a drawing, on average: Graphviz's time grows faster than the edges do
THINNEST, THICKEST, FAINTEST = 0.5, 3.2, 0.35  # of weights: points, and opacity


def graph_scene(graph: Graph, options: Options, grad_of: Callable[[Value], float]) -> Scene:
    """The scene of a graph as it is now.

    Args:
        graph: what to draw.
        options: how.
        grad_of: the grad of a node.
    """
    return _Writer(graph, options, grad_of).scene()


class _Writer:
    """Writes one scene."""

    def __init__(self, graph: Graph, options: Options, grad_of: Callable[[Value], float]) -> None:
        self.graph, self.options, self.grad_of = graph, options, grad_of
        self.folds: dict[Value, Fold] = folded(graph) if options.fold else {}
        self.outputs = set(graph.outputs)
        self.room = EDGES_PER_NODE * options.max_nodes
        self.drawn: dict[Unit, str] = {}
        self.hidden: dict[Unit, int] = {}
        self.clusters: dict[Scope, Cluster] = {}

    def scene(self) -> Scene:
        graph, options = self.graph, self.options
        near = self._nearest()
        # In topological order, so that Graphviz starts from an order in which few edges cross.
        last = {unit: place for place, node in enumerate(graph.nodes) if (unit := self.unit(node)) in near}
        units = sorted(last, key=last.__getitem__)
        self.drawn = {unit: f"n{number}" for number, unit in enumerate(units)}
        neurons = [unit for unit in units if isinstance(unit, Neuron)]
        self.scale = self._largest_weight(neurons)
        has_grads = options.fixed or any(self.grad_of(node) != 0.0 for node in graph.nodes)
        boxes = Boxes(options, self.grad_of, has_grads, self.outputs)
        boxes.measure(units)
        scene = Scene(
            f"Computation graph of {len(graph.nodes):,} nodes", self._description(), rankdir=options.rankdir,
            number_width=options.number_width, straight=bool(neurons),
        )  # fmt: skip
        scene.arrows = [arrow for unit in units for arrow in self._arrows_to(unit)]
        for unit in units:
            box = boxes.box(unit, self.drawn[unit], self.hidden[unit])
            if not _is_in_column(unit):
                box.cluster = self._cluster(unit.scope)
            scene.boxes.append(box)
        self._stand_in_columns(units, scene)
        scene.notes = self._notes(units, boxes.largest)
        return scene

    def _stand_in_columns(self, units: Sequence[Unit], scene: Scene) -> None:
        """Let the inputs of a network, and the neurons of a layer under its name, stand in order."""
        layers: dict[int, list[Neuron]] = {}
        inputs = [self.drawn[unit] for unit in units if isinstance(unit, Fold) and unit.kind in ("input", "inputs")]
        for unit in units:
            if _is_in_column(unit):
                layers.setdefault(unit.layer, []).append(unit)
        for neurons in layers.values():
            neurons.sort(key=lambda neuron: neuron.place)
            layer = neurons[0].scope
            names = [self.drawn[neuron] for neuron in neurons]
            if layer is not None:
                heading = Box(f"h{len(scene.columns)}", "heading", [Row(shortened(printable(layer.path)), "name")])
                heading.tooltip = (printable(layer.path),)
                scene.boxes.append(heading)
                names.insert(0, heading.name)
            scene.columns.append(names)
        scene.columns += [inputs] * (len(inputs) > 1)

    def unit(self, node: Value) -> Unit:
        return self.folds.get(node, node)

    def _operands(self, unit: Unit) -> Iterator[tuple[Value, int, Value]]:
        """Each node in a unit, the number of an operand, and that operand if it is drawn elsewhere."""
        for node in unit.members if isinstance(unit, Fold) else (unit,):
            for i, parent in enumerate(node.parents):
                source = self.folds.get(parent)
                if source is not unit if source is not None else parent.__class__ is not Constant:
                    yield node, i, parent

    def _nearest(self) -> set[Unit]:
        """The units in order of their distance from the outputs, as many as may be drawn."""
        near: set[Unit] = set()
        most = self.options.max_nodes
        queue = deque(dict.fromkeys(map(self.unit, self.graph.outputs)))
        while queue and len(near) < most:
            unit = queue.popleft()
            if unit not in near:
                near.add(unit)
                # Not more than could be drawn, distinct ones: there may be a million parents.
                queue.extend(islice(dict.fromkeys(self.unit(parent) for _, _, parent in self._operands(unit)), most))
        return near

    # Arrows

    def _arrows_to(self, unit: Unit) -> Iterator[Arrow]:
        if isinstance(unit, Fold):
            yield from self._arrows_to_fold(unit)
            return
        partials = _partials(unit) if self.options.derivatives else []
        op, with_ports = unit.op, ports(unit)
        places: dict[Unit, list[int]] = {}
        for _, i, parent in self._operands(unit):
            places.setdefault(self.unit(parent), []).append(i)
        left_out = 0
        for source, indices in places.items():
            # Where operands have no places of their own, one arrow stands for all that come from the same box.
            groups = [[i] for i in indices] if with_ports else [indices]
            for group in groups:
                if source not in self.drawn or not self.room:
                    left_out += len(group)
                    continue
                assert op is not None
                self.room -= 1
                first, count = group[0], len(group)
                arrow = Arrow(self.drawn[source], self.drawn[unit], with_ports.index(first) if with_ports else None)
                what = f"operand {first + 1} of {len(unit.parents):,} of {op.name}"
                arrow.tooltip = (what if count == 1 else f"{count:,} operands of {op.name}",)
                arrow.marked = any((unit, unit.parents[i]) in self.options.marked for i in group)
                if count > 1 and not isinstance(source, Fold):
                    arrow.label = f"{count:,} times"
                elif partials and count == 1:
                    arrow.alarm = not isfinite(partials[first])
                    arrow.label = "! " * arrow.alarm + self.options.number(partials[first])
                    arrow.tooltip = what, f"local derivative {partials[first]!r}"
                yield arrow
        self.hidden[unit] = left_out

    def _arrows_to_fold(self, fold: Fold) -> Iterator[Arrow]:
        target = self.drawn[fold]
        counts: Counter[Unit] = Counter()
        marked: set[Unit] = set()
        weights: dict[tuple[Unit, int], Value] = {}
        calls = set(fold.calls) if isinstance(fold, Neuron) else set()
        for node, i, parent in self._operands(fold):
            source = self.unit(parent)
            if (node, parent) in self.options.marked:
                marked.add(source)
            place = i - len(fold.weights) if isinstance(fold, Neuron) and node in calls else -1
            if isinstance(fold, Neuron) and 0 <= place < len(fold.weights) and _is_one(source):
                weights[source, place] = fold.weights[place]
            else:
                counts[source] += 1
        left_out = 0
        for (source, _), weight in weights.items():
            if source not in self.drawn:
                left_out += 1
            else:
                yield self._weight(
                    self.drawn[source], target, weight, source in marked or weight in self.options.marked
                )
        for source, number in counts.items():
            if source not in self.drawn or not self.room:
                left_out += number
            else:
                self.room -= 1
                text = f"{number:,} operand{'s' * (number > 1)}"
                faint = number > 1 and _is_in_column(fold)
                yield Arrow(self.drawn[source], target, tooltip=(text,), faint=faint, marked=source in marked)
        self.hidden[fold] = left_out

    def _weight(self, source: str, target: str, weight: Value, marked: bool) -> Arrow:
        name = printable_label(weight) or "weight"
        if isinstance(weight, Traced):
            return Arrow(source, target, tooltip=(name,), marked=marked)
        size = abs(weight.data) / self.scale if isfinite(weight.data) else 1.0
        text = name, f"data {weight.data!r}, grad {self.grad_of(weight)!r}"
        arrow = Arrow(source, target, tooltip=text, sign=-1 if weight.data < 0.0 else 1, marked=marked)
        arrow.width = THINNEST + (THICKEST - THINNEST) * size
        arrow.opacity = FAINTEST + (1.0 - FAINTEST) * size
        arrow.alarm = not isfinite(weight.data)
        return arrow

    def _largest_weight(self, neurons: Sequence[Neuron]) -> float:
        sizes = (abs(weight.data) for neuron in neurons for weight in neuron.weights if not isinstance(weight, Traced))
        return max(filter(isfinite, sizes), default=0.0) or 1.0

    def _cluster(self, scope: Scope | None) -> Cluster | None:
        cluster: Cluster | None = None
        for each in () if scope is None else scope.chain[:DEEPEST]:
            if each not in self.clusters:
                self.clusters[each] = Cluster(shortened(printable(each.name)), cluster)
            cluster = self.clusters[each]
        return cluster

    # About the picture as a whole

    def _notes(self, units: Sequence[Unit], largest: float) -> list[str]:
        total = len({self.unit(node) for node in self.graph.nodes if self._has_box(node)})
        notes = []
        if total > len(units):
            notes.append(f"{total - len(units):,} of {total:,} boxes left out:\nthose farthest from the outputs")
        if self.options.color:
            notes.append(
                f"fill: {self.options.color}, blue above 0, orange below,\nstrongest at ±{self.options.number(largest)}"
            )
        return notes

    def _has_box(self, node: Value) -> bool:
        return node.__class__ is not Constant or node in self.folds or node in self.outputs

    def _description(self) -> str:
        graph = self.graph
        leaves = [name for leaf in graph.leaves if (name := printable_label(leaf))]
        listed = f" ({', '.join(map(shortened, leaves[:12]))}{', …' * (len(leaves) > 12)})" if leaves else ""
        operations = sum(node.op is not None for node in graph.nodes)
        told = [
            (printable_label(output) or "output")
            + ("" if isinstance(output, Traced) else f" = {self.options.number(output.data)}")
            for output in graph.outputs[:8]
        ]
        return (
            f"{len(graph.leaves):,} leaves{listed}, {operations:,} operations, and {', '.join(told)}. Arrows lead from "
            "operands to results. An output has a double border; ! stands at numbers that are not finite."
        )


def _partials(node: Value) -> list[float]:
    """The local derivative with respect to each operand, 0 where none passes; nothing where there are no numbers."""
    if node.op is None or isinstance(node, Traced):
        return []
    return [0.0 if slope is None else slope for slope in local_derivatives(node)]


def _is_in_column(unit: Unit) -> TypeGuard[Neuron]:
    """Whether a box is part of a layer of neurons."""
    return isinstance(unit, Neuron) or (isinstance(unit, Fold) and unit.kind == "neurons")


def _is_one(source: Unit) -> bool:
    """Whether a box is that of a single number, so that the weight of an arrow from it is a single one, too."""
    return not isinstance(source, Fold) or source.kind in ("input", "neuron")
