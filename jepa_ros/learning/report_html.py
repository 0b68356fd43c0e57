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


"""The report as one HTML file: pictures inside, no scripts, nothing fetched from anywhere."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
import io
from typing import Any

from matplotlib.figure import Figure

from jepa_ros.learning.report_checks import Check, PAINT

_STYLE = """
body { font: 15px/1.5 sans-serif; color: #222; max-width: 1080px; margin: 2em auto;
  padding: 0 1em; }
table { border-collapse: collapse; width: 100%; margin: 1em 0; }
td, th { text-align: left; vertical-align: top; padding: 3px 10px 3px 0;
  border-bottom: 1px solid #ddd; }
.colour { color: white; border-radius: 3px; padding: 1px 8px; }
.plots { display: flex; flex-wrap: wrap; gap: 12px; }
.plots img { width: 340px; } .plots img.wide { width: 100%; }
pre { background: #f5f5f5; padding: 1em; overflow-x: auto; font-size: 12px; }
"""


@dataclass(frozen=True)
class Drawing:
    """A figure of the page; a wide one takes a line of its own."""

    figure: Figure
    wide: bool = False

    def tag(self) -> str:
        """Return the figure as an image element with its pixels inside."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format='png', dpi=110)
        content = base64.b64encode(buffer.getvalue()).decode('ascii')
        title = ' '.join(axes.get_title() for axes in self.figure.axes).strip()
        kind = ' class="wide"' if self.wide else ''
        return f'<img{kind} alt="{escape(title)}" src="data:image/png;base64,{content}">'


def page(title: str, verdict: str, found: Sequence[Check], drawings: Sequence[Drawing],
         figures: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """Return the page: verdict and checks first, then plots, then numbers and settings."""
    rows = ''.join(
        f'<tr><td><span class="colour" style="background:{PAINT[c.colour]}">{c.colour}</span>'
        f'</td><td>{escape(c.name)}</td><td>{escape(c.found)}</td><td>{escape(c.limit)}</td>'
        f'<td>{escape(c.advice) if c.colour != "green" else ""}</td></tr>\n' for c in found)
    plots = '\n'.join(drawing.tag() for drawing in drawings)
    # no script could run here, and nothing can be fetched
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p><strong>{escape(verdict)}</strong></p>
<table>
<tr><th></th><th>check</th><th>found</th><th>limit</th><th>what to do</th></tr>
{rows}</table>
<div class="plots">
{plots}
</div>
<h2>Figures</h2>
{_table(figures)}
<h2>Settings and data</h2>
{_table(about)}
</body>
</html>
"""


def _table(values: Mapping[str, Any], prefix: str = '') -> str:
    """Return nested tables as one, with dotted names."""
    rows = ''.join(f'<tr><td>{escape(name)}</td><td>{escape(said)}</td></tr>\n'
                   for name, said in _flat(values, prefix))
    return f'<table>\n{rows}</table>'


def _flat(values: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f'{prefix}{key}'
        if isinstance(value, Mapping):
            out += _flat(value, f'{name}.')
        elif isinstance(value, (list, tuple)):
            out.append((name, ', '.join(_said(v) for v in value)))
        else:
            out.append((name, _said(value)))
    return out


def _said(value: Any) -> str:
    return f'{value:.4g}' if isinstance(value, float) else '-' if value is None else str(value)
