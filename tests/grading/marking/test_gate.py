"""Who works alone is alone, and nobody waits for ever."""

import random
import threading
import time

from nstlib.grading.marking.gate import Gate


def test_alone_means_that_nobody_else_works():
    gate, working, most, lock, seen = Gate(), set(), [], threading.Lock(), []

    def work(number):
        chance = random.Random(number)
        for _ in range(30):
            with gate.shared():
                with lock:
                    working.add(number)
                    most.append(len(working))
                time.sleep(chance.random() / 2000)
                with lock:
                    working.discard(number)
                if chance.random() < 0.3:
                    with gate.alone():
                        seen.append(set(working))
                        time.sleep(chance.random() / 2000)
                        seen.append(set(working))

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert max(most) > 1 and seen and not any(seen)
