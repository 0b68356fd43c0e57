# Copyright 2026 jepa_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Pictures spread evenly over bags, at the size of a model's input."""

from collections.abc import Sequence
from pathlib import Path
import sys


def bag_frames(bags: Sequence[Path], topic: str | None, most: int, height: int, width: int,
               region: Sequence[int] = (0, 0, 0, 0)):
    """
    Return (pictures, topic): at most ``most``, spread evenly over all the bags, in their order.

    Pictures are (height, width, 3) uint8 RGB, brought there as on the robot, of the ``region`` (x,
    y, width, height) that the model looks at; width 0 is all.  Without a topic it is the only one
    with pictures.  ValueError where a bag cannot be read or has no such topic, RuntimeError where
    there are no ROS messages to read it with.  What is compressed in a bag is unpacked whatever
    its size: read bags that you know.
    """
    import numpy as np
    from tqdm import tqdm

    from jepa_ros.bags.pictures import fitter
    from jepa_ros.bags.reader import checked_count, messages, opened, topics, words
    from jepa_ros.bags.topics import image_topic

    if most < 1:
        raise ValueError(f'frames is {most}, must be at least 1')
    fit = fitter(height, width, tuple(region))
    counts = []
    for bag in bags:
        with opened(bag) as reader:
            found = topics(reader, bag)
            topic = image_topic(found, topic, bag)
            counts.append(checked_count(found[topic][1], topic, bag))
    total = sum(counts)
    chosen = set(np.linspace(0, total - 1, min(most, total)).round().astype(int).tolist())
    frames, first = [], 0
    with tqdm(total=total, desc=f'reading {topic}', unit=' frames', file=sys.stderr) as bar:
        for bag, amount in zip(bags, counts, strict=True):
            with opened(bag) as reader:
                for number, connection, _, raw in messages(reader, bag, {topic}):
                    bar.update()
                    if first + number not in chosen:
                        continue
                    try:
                        frames.append(fit(reader.deserialize(raw, connection.msgtype)))
                    except Exception as error:
                        # a bag brings the definition of its messages along: nothing is sure
                        raise ValueError(f'{bag}, picture {number}: {words(error)}') from error
            first += amount
    return frames, topic
