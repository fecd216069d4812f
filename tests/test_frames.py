import threading

from facegpt_ros.frames import NewestFrame


def test_take_gives_the_newest_and_counts_the_rest_as_dropped():
    slot = NewestFrame()
    for number in range(3):
        slot.put(number)
    taken = slot.take(0)
    assert (taken.frame, taken.dropped) == (2, 2)
    slot.put(3)
    assert slot.take(0).dropped == 0
    assert slot.dropped_total == 2


def test_a_frame_is_taken_once():
    slot = NewestFrame()
    slot.put("a")
    assert slot.take(0).frame == "a"
    assert slot.take(0) is None


def test_says_how_long_a_frame_waited():
    now = [10.0]
    slot = NewestFrame(clock=lambda: now[0])
    slot.put("a")
    now[0] = 10.25
    assert slot.take(0).waited_s == 0.25


def test_close_wakes_a_waiting_worker_and_ends_the_slot():
    slot = NewestFrame()
    got = []
    worker = threading.Thread(target=lambda: got.append(slot.take()))
    worker.start()
    slot.close()
    worker.join(5)
    assert got == [None] and not worker.is_alive()
    slot.put("late")
    assert slot.take(0) is None


def test_put_wakes_a_waiting_worker():
    slot = NewestFrame()
    got = []
    worker = threading.Thread(target=lambda: got.append(slot.take(5).frame))
    worker.start()
    slot.put("a")
    worker.join(5)
    assert got == ["a"]


def test_clear_forgets_without_counting():
    slot = NewestFrame()
    slot.put("a")
    slot.clear()
    assert slot.take(0) is None and slot.dropped_total == 0
