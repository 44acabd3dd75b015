"""What has an object's colour in the pictures and yet was not told: half hidden, or cut by the border."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bunraku.vision.detect.colour import OTHER, label_image
from bunraku.vision.detect.region import find_regions
from bunraku.vision.detect.view import View, project, ray

LEAST_SHARE = 0.003
"""Share of the picture below which a region is no thing within reach."""


def leftovers(
    views: Sequence[View],
    palette: Mapping[str, tuple[float, float, float]],
    seen: Iterable[tuple[str, np.ndarray]],
) -> list[tuple[View, np.ndarray]]:
    """Large regions of a colour of the `palette` in which nothing that was `seen` stands, the largest first.

    Args:
        views: pictures of one moment.
        palette: colours by name, sRGB in [0, 1].
        seen: colour and position (3,) m of every object that was told.

    Returns:
        The view of each such region, and the direction (3,) in the stance frame to its middle.
    """
    seen = list(seen)
    found = []
    for index, view in enumerate(views):
        labels = label_image(view.image, palette)
        if view.hidden is not None:
            labels[view.hidden] = OTHER
        least = LEAST_SHARE * labels.size
        for label, colour in enumerate(palette, start=1):
            known = [project(view, position) for name, position in seen if name == colour]
            for region in find_regions(index, labels, label):
                left, top, right, bottom = region.box
                inside = any(left - 2 < x < right + 2 and top - 2 < y < bottom + 2 for x, y in known)
                if region.area > least and not inside:
                    found.append((region.area, index, region.centre))
    found.sort(key=lambda entry: -entry[0])
    return [(views[index], ray(views[index], centre)) for _, index, centre in found]
