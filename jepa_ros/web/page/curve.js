// A curve of the last minute.

import { begin, colour, number, tick } from './paint.js';

const SPAN_S = 60;
const LEFT = 44;
const BOTTOM = 18;

export class Curve {
  // series: [{name, colour, label}]; limit: a dashed line; floor: the least top of the scale
  constructor(canvas, series, { symmetric = false, floor = 1 } = {}) {
    this.canvas = canvas;
    this.series = series;
    this.symmetric = symmetric;
    this.floor = floor;
    this.points = new Map();
    this.limit = null;
  }

  add(name, points, nowS) {
    const kept = this.points.get(name) ?? [];
    kept.push(...points);
    let first = 0;
    while (first < kept.length && kept[first][0] < nowS - SPAN_S - 2) first += 1;
    this.points.set(name, kept.slice(first));
  }

  last(name) {
    return this.points.get(name)?.at(-1)?.[1] ?? null;
  }

  draw(nowS) {
    const { pen, width, height } = begin(this.canvas);
    const right = width - 6;
    const low = height - BOTTOM;
    const high = this.series.length > 1 ? 24 : 6;     // a legend needs room
    let top = this.floor;
    for (const points of this.points.values()) {
      for (const [, value] of points) top = Math.max(top, Math.abs(value));
    }
    if (this.limit !== null) top = Math.max(top, this.limit);
    top *= 1.08;
    const bottom = this.symmetric ? -top : 0;
    const x = (timeS) => LEFT + (right - LEFT) * (1 - (nowS - timeS) / SPAN_S);
    const y = (value) => high + (low - high) * (1 - (value - bottom) / (top - bottom));

    pen.strokeStyle = colour('line');
    pen.fillStyle = colour('soft');
    pen.lineWidth = 1;
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    const step = tick((top - bottom) / 4);
    for (let value = Math.ceil(bottom / step) * step; value <= top; value += step) {
      line(pen, LEFT, y(value), right, y(value));
      pen.fillText(number(Math.abs(value) < step / 1e3 ? 0 : value, step < 1 ? 1 + (step < 0.1) : 0),
        LEFT - 8, y(value));
    }
    pen.textAlign = 'center';
    pen.textBaseline = 'bottom';
    for (const ago of [60, 45, 30, 15]) {
      pen.fillText(`−${ago} s`, Math.max(x(nowS - ago), LEFT + 14), height);
    }
    pen.fillText('now', right - 12, height);

    if (this.limit !== null) {
      pen.setLineDash([4, 4]);
      pen.strokeStyle = colour('stop');
      line(pen, LEFT, y(this.limit), right, y(this.limit));
      pen.setLineDash([]);
    }
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, 0, right - LEFT, low + 1);
    pen.clip();
    for (const { name, colour: hue } of this.series) this.trace(pen, name, hue, x, y, low);
    pen.restore();
    this.legend(pen, right);
  }

  trace(pen, name, hue, x, y, low) {
    const points = this.points.get(name);
    if (!points?.length) return;
    pen.strokeStyle = colour(hue);
    pen.lineWidth = 1.75;
    pen.beginPath();
    let beforeS = -Infinity;
    for (const [timeS, value] of points) {
      // nothing was heard for a while: no line across it
      if (timeS - beforeS > 1.5) pen.moveTo(x(timeS), y(value));
      else pen.lineTo(x(timeS), y(value));
      beforeS = timeS;
    }
    pen.stroke();
    const [timeS, value] = points.at(-1);
    pen.fillStyle = colour(hue);
    pen.beginPath();
    pen.arc(x(timeS), Math.min(y(value), low), 3, 0, 2 * Math.PI);
    pen.fill();
  }

  legend(pen, right) {
    if (this.series.length < 2) return;
    pen.textBaseline = 'top';
    pen.textAlign = 'right';
    let at = right - 4;
    for (const { label, colour: hue } of [...this.series].reverse()) {
      pen.fillStyle = colour(hue);
      pen.fillText(label, at, 2);
      at -= pen.measureText(label).width + 16;
    }
  }
}

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}
