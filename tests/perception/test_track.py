"""Ids, hysteresis and association, on boxes alone."""

from __future__ import annotations

import numpy as np

from facegpt_ros.perception.track import Sighting, Track, Tracker, overlap

POINTS = np.zeros((68, 3))
LEFT, RIGHT = (0.0, 0.0, 10.0, 10.0), (50.0, 0.0, 60.0, 10.0)


def _see(tracker: Tracker, *found: tuple[tuple, float], frames: int = 3, limit: int = 4) -> list[str]:
    """One frame in which what is followed is seen by its track, the rest as detections; returns the shown ids."""
    sightings = []
    for index, (box, presence) in enumerate(found):
        track = next((t for t in tracker.followed if overlap(t.box, box) > 0.3), None)
        sightings.append(Sighting(index, presence, box, POINTS, track))
    return [track.face_id for track, _ in tracker.update(sightings, frames, limit) if track.shown]


def test_overlap_of_boxes():
    assert overlap(LEFT, LEFT) == 1
    assert overlap(LEFT, RIGHT) == 0
    assert overlap(LEFT, (5, 0, 15, 10)) == 50 / 150
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_face_appears_in_the_frame_that_completes_the_run():
    tracker = Tracker()
    assert [_see(tracker, (LEFT, 0.9)) for _ in range(4)] == [[], [], ["f0001"], ["f0001"]]


def test_interrupted_run_starts_again_under_a_new_id():
    tracker = Tracker()
    _see(tracker, (LEFT, 0.9)), _see(tracker, (LEFT, 0.9)), _see(tracker)
    assert tracker.tracks == []
    assert [_see(tracker, (LEFT, 0.9)) for _ in range(3)] == [[], [], ["f0002"]]


def test_shown_face_is_hidden_while_missed_and_comes_back_under_its_id():
    tracker = Tracker()
    for _ in range(3):
        _see(tracker, (LEFT, 0.9))
    assert _see(tracker) == [] and _see(tracker) == []
    assert len(tracker.missing) == 1
    assert _see(tracker, ((2.0, 0.0, 12.0, 10.0), 0.8)) == ["f0001"]


def test_face_goes_after_as_many_missed_frames_and_its_id_is_not_given_again():
    tracker = Tracker()
    for _ in range(3):
        _see(tracker, (LEFT, 0.9))
    for _ in range(3):
        _see(tracker)
    assert tracker.tracks == []
    tracker.clear()
    assert [_see(tracker, (LEFT, 0.9)) for _ in range(3)][-1] == ["f0002"]


def test_two_faces_keep_their_ids_whatever_the_order():
    tracker = Tracker()
    for _ in range(3):
        shown = _see(tracker, (LEFT, 0.9), (RIGHT, 0.8))
    assert shown == ["f0001", "f0002"]
    assert _see(tracker, (RIGHT, 0.9), (LEFT, 0.7)) == ["f0001", "f0002"]
    assert tracker.tracks[0].box == LEFT


def test_two_tracks_on_one_face_leave_the_published_one():
    tracker = Tracker()
    for _ in range(3):
        _see(tracker, (LEFT, 0.9))
    old = tracker.tracks[0]
    young = Track("f9999", LEFT, POINTS)
    pairs = tracker.update([Sighting(0, 0.99, LEFT, POINTS, young), Sighting(1, 0.6, LEFT, POINTS, old)], 3, 4)
    assert [track.face_id for track, _ in pairs] == ["f0001"]


def test_no_more_faces_than_asked_for_and_the_surest_first():
    tracker = Tracker()
    assert _see(tracker, (LEFT, 0.6), (RIGHT, 0.9), frames=1, limit=1) == ["f0001"]
    assert tracker.tracks[0].box == RIGHT


def test_one_frame_of_hysteresis_shows_at_once_and_forgets_at_once():
    tracker = Tracker()
    assert _see(tracker, (LEFT, 0.9), frames=1) == ["f0001"]
    _see(tracker, frames=1)
    assert tracker.tracks == []
