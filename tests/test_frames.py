import threading

from facegpt_ros.frames import NewestFrame, NewestFrames


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


def test_a_held_frame_waits_and_is_overwritten_by_newer_ones():
    slot = NewestFrame()
    slot.hold(True)
    slot.put("a")
    slot.put("b")
    assert slot.take(0) is None
    slot.hold(False)
    assert slot.take(0).frame == "b"


def test_all_sources_that_have_a_frame_are_taken_at_once_and_no_other_is_waited_for():
    slots = NewestFrames(["left", "right", "dead"])
    for number in range(3):
        slots["left"].put(number)
    slots["right"].put("r")
    taken = slots.take(0)
    assert {name: (one.frame, one.dropped) for name, one in taken.items()} == {"left": (2, 2), "right": ("r", 0)}
    slots["right"].put("s")
    assert {name: one.frame for name, one in slots.take().items()} == {"right": "s"}
    assert slots.take(0) == {}


def test_a_frame_of_any_source_wakes_the_worker_and_so_does_close():
    slots = NewestFrames(["left", "right"])
    got = []

    def work():
        while taken := slots.take():
            got.append({name: one.frame for name, one in taken.items()})

    worker = threading.Thread(target=work)
    worker.start()
    slots["right"].put("a")
    while not got:
        assert worker.is_alive()
    slots.close()
    worker.join(5)
    assert got == [{"right": "a"}] and not worker.is_alive() and slots.closed
