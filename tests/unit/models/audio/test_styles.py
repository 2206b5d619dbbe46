"""Styles colour a face; the contract names the same ones."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np

from models.audio import STYLES, MotionGains
from models.coefficients import ARKIT
from workers.contract.kinds.talk import Style as StyleName


def test_the_api_names_all_of_them() -> None:
    assert set(get_args(StyleName)) == set(STYLES)


def test_neutral_changes_nothing_and_the_others_stay_apart() -> None:
    rest = np.zeros((1, 59), np.float32)
    faces = {name: style.on(ARKIT, rest)[0] for name, style in STYLES.items()}
    assert np.array_equal(faces["neutral"], rest[0])
    names = list(faces)
    assert all(np.abs(faces[a] - faces[b]).max() > 0.04 for i, a in enumerate(names) for b in names[:i])
    assert faces["happy"][ARKIT.index["mouthSmileLeft"]] > 0.3


def test_the_page_has_every_style_as_it_is() -> None:
    page = (Path(__file__).parents[4] / "docs" / "talk.md").read_text()
    for name, style in STYLES.items():
        added = (
            ", ".join(f"{slider} {value:g}" for slider, value in (style.expression | style.pose).items()) or "nothing"
        )
        gains = ", ".join(f"{part} {value:g}" for part, value in asdict(style.gains).items() if value != 1)
        assert f"| `{name}` | {added} | {gains} |".replace("|  |", "| |") in page


def test_gains_multiply() -> None:
    assert MotionGains(head=0.5, gaze=0).times(STYLES["happy"].gains) == MotionGains(head=0.6, brows=1.2, gaze=0)
