"""The classical detector: colour, outlines, several calibrated views, and the known shapes. No learning, no depth.

What is one region of a picture is told by colour alone, or by another `Segment`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bunraku.vision.detect.associate import Group, groups, smaller_groups
from bunraku.vision.detect.colour import OTHER, label_image
from bunraku.vision.detect.detection import Detection
from bunraku.vision.detect.fit import FLOATING_COST, Fit, Problem, solve
from bunraku.vision.detect.model import ObjectModel
from bunraku.vision.detect.pieces import cut, joined, share_outline
from bunraku.vision.detect.region import Region, find_regions
from bunraku.vision.detect.verify import agreement
from bunraku.vision.detect.view import View

PERFECT, GOOD = 0.15, 0.8
"""Costs (mean squared residuals in variances) below which no other explanation, or none by cutting, is looked for."""
UNLIKELY = 0.05
"""What a kind must have, in each view, of the likeness of the likeliest, so that it is tried: the right one has less in
5 % of pictures that the shipped network never saw."""
MOST_PIECES = 10
"""How many groups of cut or joined regions are tried for each colour."""


@dataclass(frozen=True)
class _Found:
    """An explanation of some regions by an object."""

    fit: Fit
    group: Group

    @property
    def merit(self) -> float:
        """How much it explains, and how well."""
        return self.fit.evidence * self.fit.inliers / (1 + 0.1 * self.fit.cost)


Palette = Mapping[str, tuple[float, float, float]]
Segment = Callable[[int, View, Palette], tuple[np.ndarray, dict[int, list[Region]]]]
"""Takes the index of a view, the view and the palette; returns its labels (h, w) uint8 as `label_image` has them, and
its regions by label."""


def by_colour(index: int, view: View, palette: Palette) -> tuple[np.ndarray, dict[int, list[Region]]]:
    """A `Segment`: what has one colour and hangs together is one region."""
    labels = label_image(view.image, palette)
    if view.hidden is not None:
        labels[view.hidden] = OTHER
    return labels, {label: list(find_regions(index, labels, label)) for label in range(1, len(palette) + 1)}


@dataclass(frozen=True)
class _Scene:
    """All views of one moment, labelled by colour, and their regions by label."""

    views: Sequence[View]
    labels: list[np.ndarray]
    names: list[str]
    regions: dict[int, list[Region]]


@dataclass(frozen=True)
class ColourDetector:
    """Finds objects by their colour and fits their known outlines to all views at once.

    Attributes:
        support_heights: heights (m) of boards on which things may stand, where a map knows them. An object takes one
            only where the pictures agree; one that is held, or lies in a bowl, is found where it is.
        most_cost: largest mean squared residual, in variances, that is still a likeness. What floats must do better.
        least_evidence: how many of an outline's 24 directions must be explained, over all views.
        segment: finds the regions of one view.
    """

    support_heights: tuple[float, ...] = ()
    most_cost: float = 1.8
    least_evidence: float = 8.0
    segment: Segment = by_colour

    def detect(self, views: Sequence[View], models: Sequence[ObjectModel]) -> list[Detection]:
        """Every object of `models` that is in `views` (of one moment), the surest first."""
        palette = {model.colour: model.rgb for model in models}
        segmented = [self.segment(index, view, palette) for index, view in enumerate(views)]
        regions = {
            label: [region for _, found in segmented for region in found.get(label, [])]
            for label in range(1, len(palette) + 1)
        }
        scene = _Scene(views, [labels for labels, _ in segmented], list(palette), regions)
        found = [_detection(views, f) for f in self._explain(scene, models)]
        return sorted(found, key=lambda d: -d.confidence)

    def standing_at(self, heights: tuple[float, ...]) -> ColourDetector:
        """The same for things that stand at `heights` (m)."""
        return replace(self, support_heights=heights)

    def _explain(self, scene: _Scene, models: Sequence[ObjectModel]) -> list[_Found]:
        """Explain the regions of every colour by objects; no region is used twice."""
        regions = scene.regions
        whole = [(label, group) for label, own in regions.items() for group in groups(scene.views, own)]
        alone = [(label, Group((region,), None)) for label, own in regions.items() for region in own]
        fewer = [(label, part) for label, group in whole for part in smaller_groups(group)]
        found = self._fitted(scene, whole, models)
        chosen = _choose(found, [], PERFECT)
        fallen = [model for model in models if model.lying]
        found += self._fitted(scene, _free(whole, chosen), fallen, lying=True)
        chosen = _choose(found, chosen, GOOD)
        found += self._fitted(scene, _free([*fewer, *alone], chosen), models)
        chosen = _choose(found, chosen, GOOD)
        pieces = _free(
            [
                (label, group)
                for label, own in regions.items()
                for group in groups(scene.views, _recut([r for r in own if not _is_used(r, chosen)]))[:MOST_PIECES]
            ],
            chosen,
        )
        found += self._fitted(scene, pieces, models) + self._fitted(scene, pieces, fallen, lying=True)
        return _choose(found, chosen)

    def _fitted(self, scene: _Scene, candidates: list[tuple[int, Group]], models, lying: bool = False) -> list[_Found]:
        """The best acceptable explanation of each group, where there is one."""
        problems, found = [], []
        for label, group in candidates:
            own = [model for model in models if model.colour == scene.names[label - 1]]
            own = _of_likely_kind(group.regions, own)
            problems.append(Problem(group.regions, _of_fitting_size(scene.views, group, own), group.centre, lying))
        fits = solve(scene.views, problems, self.support_heights)
        for (label, group), some in zip(candidates, fits, strict=True):
            for fit in some[:3]:
                if not self._is_likely(fit):
                    continue
                if len(group.regions) == 1 and not self._is_sure_alone(fit, group.regions[0]):
                    continue
                agreed = agreement(scene.views, scene.labels, label, fit.hull)
                if not agreed.contradicted({region.view for region in group.regions}):
                    found.append(_Found(fit, group))
                    break
        return found

    def _is_likely(self, fit: Fit) -> bool:
        floats = bool(self.support_heights) and fit.support is None
        return fit.evidence >= self.least_evidence and fit.cost <= (GOOD + FLOATING_COST if floats else self.most_cost)

    def _is_sure_alone(self, fit: Fit, region: Region) -> bool:
        """Whether one view is enough: all of a crisp outline, and a known support under it where there is a map."""
        if fit.cost > GOOD or region.openness.mean() > 0.25:
            return False
        if self.support_heights:
            return fit.support is not None
        return bool(np.sqrt(np.linalg.eigvalsh(fit.covariance[:3, :3])[-1]) < 0.02)


def _choose(candidates: list[_Found], already: list[_Found], most_cost: float = np.inf) -> list[_Found]:
    """Add the best candidates that leave each region, and each place, to one object."""
    chosen = list(already)
    for found in sorted(candidates, key=lambda f: -f.merit):
        good = found.fit.cost <= most_cost
        if good and not _overlaps(found.group, chosen) and not _coincides(found, chosen):
            chosen.append(found)
    return chosen


def _free(candidates: list[tuple[int, Group]], chosen: Iterable[_Found]) -> list[tuple[int, Group]]:
    return [(label, group) for label, group in candidates if not _overlaps(group, chosen)]


def _overlaps(group: Group, chosen: Iterable[_Found]) -> bool:
    return any(_is_used(region, chosen) for region in group.regions)


def _is_used(region: Region, chosen: Iterable[_Found]) -> bool:
    return any(share_outline(region, other) for found in chosen for other in found.group.regions)


def _recut(regions: list[Region]) -> list[Region]:
    """The regions that are left, cut in two where they may have run together and joined where they may be one."""
    parts = [part for region in regions for pair in cut(region) for part in pair]
    return [*regions, *parts, *joined(regions)] if parts or len(regions) > 1 else []


def _coincides(found: _Found, chosen: Iterable[_Found]) -> bool:
    """Whether it would stand inside another object of its colour."""
    return any(
        found.fit.model.colour == other.fit.model.colour
        and np.linalg.norm(found.fit.parameters[:3] - other.fit.parameters[:3])
        < 0.4 * min(found.fit.model.diameters[1], other.fit.model.diameters[1])
        for other in chosen
    )


def _of_likely_kind(regions: Sequence[Region], models: Sequence[ObjectModel]) -> list[ObjectModel]:
    """The models whose kind the looks of the regions permit, for those of which that is known."""
    told = [region.likeness for region in regions if region.likeness]
    score = {model.kind: float(np.prod([one.get(model.kind, 1.0) for one in told])) for model in models}
    most = max(score.values(), default=0.0)
    return [model for model in models if score[model.kind] >= UNLIKELY ** max(len(told), 1) * most]


def _of_fitting_size(views: Sequence[View], group: Group, models: Sequence[ObjectModel]) -> tuple[ObjectModel, ...]:
    """The models that can look as large as the regions do at that distance."""
    if group.centre is None:
        return tuple(models)
    fitting = list(models)
    for region in group.regions:
        view = views[region.view]
        depth = (group.centre - view.position_stance) @ view.rotation_stance_from_camera[:, 2]
        width = region.diameter * depth / view.intrinsics[0, 0]
        # What is seen from the side is drawn out by the projection.
        aside = depth / np.linalg.norm(group.centre - view.position_stance)
        covered = float(region.openness.mean()) > 0.1
        fitting = [
            m
            for m in fitting
            if width * aside < 1.15 * m.diameters[1] + 0.005 and (covered or width > 0.85 * m.diameters[0] - 0.005)
        ]
    return tuple(fitting)


def _detection(views: Sequence[View], found: _Found) -> Detection:
    fit, group = found.fit, found.group
    period = fit.rest.yaw_period
    yaw = 0.0 if period == 0 else float((fit.parameters[3] + period / 2) % period - period / 2)
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return Detection(
        fit.model.kind,
        fit.model.colour,
        max(views[r.view].time for r in group.regions),
        fit.parameters[:3],
        yaw,
        turn @ fit.rest.rotation,
        fit.model.extent,
        fit.covariance[:3, :3],
        np.inf if period == 0 else float(np.sqrt(fit.covariance[3, 3])),
        fit.inliers / (1 + 0.2 * fit.cost),
        {views[r.view].camera: r.box for r in group.regions},
    )
