"""What the network between the phone and the server does to packets, the same for the same seed."""

import heapq
import random
import threading
import time


class Impairment:
    """Shares between 0 and 1; `delay` in packets, `jitter` in milliseconds.

    drop        of the packets are lost, one by one
    burst       of the packets are lost, `burst_length` in a row on average (Gilbert's model)
    duplicate   come twice
    reorder     come after the next one
    delayed     come after `delay` others
    jitter      each packet takes up to that long, at random; `keep_order`: without overtaking
    """

    def __init__(self, drop=0.0, duplicate=0.0, reorder=0.0, delay=0, delayed=0.0, burst=0.0, burst_length=5.0,
                 jitter=0.0, keep_order=False, seed=1):
        self.drop, self.duplicate, self.reorder = drop, duplicate, reorder
        self.delay, self.delayed = delay, delayed
        self.jitter, self.keep_order = jitter, keep_order
        self._leave = 1 / burst_length
        self._enter = self._leave * burst / (1 - burst)
        self._in_burst = False
        self._random = random.Random(seed)
        self._held = []  # [packets still to wait, bytes]
        self.lost = []   # the packets

    @property
    def dropped(self):
        return len(self.lost)

    def pass_on(self, data):
        """The packets that leave now that `data` was handed in."""
        out = []
        for held in self._held:
            held[0] -= 1
        dice = self._random.random
        if self._enter:
            self._in_burst = dice() >= self._leave if self._in_burst else dice() < self._enter
        if self._in_burst or dice() < self.drop:
            self.lost.append(data)
        elif dice() < self.reorder:
            self._held.append([1, data])
        elif dice() < self.delayed:
            self._held.append([self.delay, data])
        else:
            out.append(data)
            if dice() < self.duplicate:
                out.append(data)
        out += [data for left, data in self._held if left <= 0]
        self._held = [held for held in self._held if held[0] > 0]
        return out

    def lag(self):
        """Seconds that the next packet takes."""
        return self._random.random() * self.jitter / 1000


class Wire:
    """Carries packets by a thread of its own, each at its time."""

    def __init__(self, send):
        self._send = send
        self._waiting = []  # (time, number, packet)
        self._number = 0
        self._last = 0.0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, data, at, keep_order=False):
        """Sends `data` at time.monotonic() == at; `keep_order`: not before what was put in earlier."""
        with self._changed:
            self._last = max(self._last, at) if keep_order else at
            heapq.heappush(self._waiting, (self._last, self._number, data))
            self._number += 1
            self._changed.notify()

    def _run(self):
        while True:
            with self._changed:
                while not self._closed and (not self._waiting or self._waiting[0][0] > time.monotonic()):
                    self._changed.wait(self._waiting[0][0] - time.monotonic() if self._waiting else None)
                if self._closed:
                    return
                data = heapq.heappop(self._waiting)[2]
            self._send(data)

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(1)
