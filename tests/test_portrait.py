import cv2
import numpy as np

from facegpt_ros.portrait import moving_portrait, write_video
from facegpt_ros.recording import Recording


def disc():
    picture = np.zeros((200, 200, 3), np.uint8)
    return cv2.circle(picture, (120, 80), 10, (255, 255, 255), -1)


def test_the_face_stays_in_view_and_moves():
    images = list(moving_portrait(disc(), (120.0, 80.0), 60.0, size=(160, 120), seconds=1.0, fps=10.0))
    assert len(images) == 10 and images[0].shape == (120, 160, 3)
    centres = np.array([np.argwhere(image[..., 0] > 128).mean(0) for image in images])
    assert (centres > 20).all() and (centres[:, 0] < 100).all() and (centres[:, 1] < 140).all()
    assert np.ptp(centres[:, 1]) > 20


def test_a_written_video_is_read_back(tmp_path):
    write_video(moving_portrait(disc(), (120.0, 80.0), 60.0, size=(160, 120), seconds=0.5), tmp_path / "a.avi", 30.0)
    assert cv2.VideoCapture(str(tmp_path / "a.avi")).get(cv2.CAP_PROP_FRAME_COUNT) == 15


def grey(value):
    return np.full((48, 64, 3), value, np.uint8)


def test_recording_fills_missing_pictures_and_keeps_the_best(tmp_path):
    recording = Recording(tmp_path / "out" / "clip", 10.0)
    for stamp, value, score in ((5.0, 10, 0.1), (5.1, 200, 0.9), (5.4, 90, 0.5)):
        recording.add(stamp, grey(value), score)
    assert recording.frames == 5  # 5.2 and 5.3 repeat the picture of 5.1
    video, picture = recording.close()
    assert cv2.imread(str(picture)).mean() == 200
    capture = cv2.VideoCapture(str(video))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 5


def test_a_long_pause_is_cut_out(tmp_path):
    recording = Recording(tmp_path / "clip", 10.0)
    recording.add(0.0, grey(10))
    recording.add(60.0, grey(10))
    assert recording.frames == 2


def test_without_filling_every_picture_is_one_frame(tmp_path):
    recording = Recording(tmp_path / "clip", 10.0, fill=False)
    recording.add(0.0, grey(10))
    recording.add(0.4, grey(10))
    assert recording.frames == 2


def test_nothing_recorded_leaves_no_files(tmp_path):
    assert Recording(tmp_path / "clip", 10.0).close() == []
    assert list(tmp_path.iterdir()) == []
