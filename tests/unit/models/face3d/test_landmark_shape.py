import numpy as np

from models.face3d.landmark_shape import ANCHORS, COMPONENTS, fit_shape


def faces(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks and coefficients that both follow from the same 12 numbers, as real ones do."""
    axes = np.random.default_rng(0)
    mean, basis = axes.uniform(0.3, 0.7, (478, 2)), axes.normal(0, 0.02, (12, 478, 2))
    meaning = axes.normal(0, 1, (12, 59))
    weights = np.random.default_rng(seed).normal(0, 1, (count, 12))
    return mean + np.tensordot(weights, basis, 1), weights @ meaning


def test_anchors_tell_all_landmarks_and_the_coefficients() -> None:
    shape = fit_shape(*faces(800, 1))
    landmarks, coefficients = faces(50, 2)
    centred = landmarks[:, ANCHORS].reshape(50, -1) - shape.mean
    decoded = (centred @ shape.landmarks + shape.landmarks_mean).reshape(50, 478, 2)
    assert np.abs(decoded - landmarks).max() < 0.004
    guess = centred @ shape.coefficients + shape.coefficients_mean
    assert np.corrcoef(guess.ravel(), coefficients.ravel())[0, 1] > 0.99


def test_components_are_white_and_noise_does_not_blow_up() -> None:
    landmarks, coefficients = faces(800, 1)
    shape = fit_shape(landmarks, coefficients)
    centred = landmarks[:, ANCHORS].reshape(800, -1) - shape.mean
    components = centred @ shape.whitening
    assert components.shape == (800, COMPONENTS)
    assert np.allclose(components[:, :12].std(0), 1, atol=0.1)
    noise = np.random.default_rng(3).normal(0, 0.004, centred.shape) @ shape.coefficients
    assert noise.std() < 0.2 * coefficients.std()


def test_anchors_are_distinct_landmarks() -> None:
    assert len(set(ANCHORS)) == len(ANCHORS)
    assert max(ANCHORS) < 478


def test_unknown_pupils_follow_from_the_rest() -> None:
    landmarks, coefficients = faces(800, 1)
    partly = landmarks.copy()
    partly[::2, 468:] = np.nan
    whole, completed = fit_shape(landmarks, coefficients), fit_shape(partly, coefficients)
    assert np.abs(whole.mean - completed.mean).max() < 1e-3
    centred = landmarks[:, ANCHORS].reshape(800, -1) - completed.mean
    guess = centred @ completed.coefficients + completed.coefficients_mean
    assert np.corrcoef(guess.ravel(), coefficients.ravel())[0, 1] > 0.99
