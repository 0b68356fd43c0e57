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

"""The text of an SDF: elements, words, truths and numbers."""

from xml.etree import ElementTree

import numpy as np

Element = ElementTree.Element


def add(parent: Element, tag: str, text: object = None, **attributes: str) -> Element:
    """Append an element: its text is a word, a truth, a number, or numbers."""
    child = ElementTree.SubElement(parent, tag, attributes)
    if isinstance(text, bool):
        child.text = str(text).lower()
    elif isinstance(text, str):
        child.text = text
    elif text is not None:
        child.text = ' '.join(_number(value) for value in np.atleast_1d(text))
    return child


def _number(value: float) -> str:
    """Return a number to a millionth, without a sign where it is zero."""
    text = f'{value:.6f}'.rstrip('0').rstrip('.')
    return '0' if text == '-0' else text
