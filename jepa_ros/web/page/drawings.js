// The drawings that are no curves: the plan from above, latents, and where the time goes.

import { begin, colour, number, rgb, tick } from './paint.js';

// where the plan leads, the robot at the bottom and looking up; metres
export function drawPlan(canvas, plan) {
  const { pen, width, height } = begin(canvas);
  pen.fillStyle = colour('soft');
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  const path = plan?.path ?? [];
  if (path.length < 2) {
    pen.fillText(plan ? 'no path: its actions are no speeds of a robot' : 'no plan yet',
      width / 2, height / 2);
    return;
  }
  let far = 0.5;
  for (const [x, y] of path) far = Math.max(far, Math.hypot(x, y) * 1.15);
  const behind = Math.max(0, ...path.map(([x]) => -x));
  const scale = Math.min((height - 40) / (far + behind), (width - 24) / (2 * far));
  const base = height - 24 - behind * scale;
  const at = (x, y) => [width / 2 - y * scale, base - x * scale];
  pen.strokeStyle = colour('line');
  const ring = tick(far / 4);
  const left = path.at(-1)[1] > 0;      // where the plan goes; the numbers stand on the other side
  pen.textAlign = left ? 'left' : 'right';
  for (let count = 1; count * ring <= far; count += 1) {
    const radius = count * ring;
    pen.beginPath();
    pen.arc(width / 2, base, radius * scale, behind ? 0 : Math.PI, 2 * Math.PI);
    pen.stroke();
    pen.fillText(`${number(radius)} m`, width / 2 + (left ? 6 : -6), base - radius * scale - 7);
  }
  pen.strokeStyle = colour('one');
  pen.lineWidth = 2.5;
  pen.beginPath();
  for (const [x, y] of path) pen.lineTo(...at(x, y));
  pen.stroke();
  const [x, y, yaw] = path.at(-1);
  const [tipX, tipY] = at(x, y);
  arrow(pen, tipX, tipY, -Math.PI / 2 - yaw, 8, colour('one'));
  arrow(pen, width / 2, base, -Math.PI / 2, 11, colour('ink'));
  const seconds = plan.period_s * (path.length - 1);
  pen.fillStyle = colour('soft');
  pen.textAlign = 'left';
  pen.fillText(`${path.length - 1} actions, ${number(seconds, 1)} s`, 4, height - 8);
}

function arrow(pen, x, y, angle, size, hue) {
  pen.save();
  pen.translate(x, y);
  pen.rotate(angle);
  pen.fillStyle = hue;
  pen.beginPath();
  pen.moveTo(size, 0);
  pen.lineTo(-size * 0.7, size * 0.7);
  pen.lineTo(-size * 0.35, 0);
  pen.lineTo(-size * 0.7, -size * 0.7);
  pen.fill();
  pen.restore();
}

// a row for each latent: now, and each imagined step; values from -100 to 100
export function drawHeat(canvas, rows, labels) {
  const { pen, width, height } = begin(canvas);
  if (!rows.length) return;
  const left = 52;
  const tall = height / rows.length;
  const [cold, zero, warm] = ['cold', 'zero', 'warm'].map(rgb);
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  rows.forEach((row, i) => {
    const wide = (width - left) / row.length;
    row.forEach((value, j) => {
      const end = value < 0 ? cold : warm;
      const part = Math.sqrt(Math.min(1, Math.abs(value) / 100));
      const mixed = zero.map((from, k) => Math.round(from + (end[k] - from) * part));
      pen.fillStyle = `rgb(${mixed})`;
      pen.fillRect(left + j * wide, i * tall, Math.ceil(wide), tall - 2);
    });
    pen.fillStyle = colour('soft');
    pen.fillText(labels[i], left - 8, i * tall + tall / 2);
  });
}

// how long a frame's stages take: the median as a bar, the 99th percentile as a line beyond
export function drawStages(canvas, stages) {
  const { pen, width, height } = begin(canvas);
  pen.textBaseline = 'middle';
  if (!stages?.length) {
    pen.fillStyle = colour('soft');
    pen.textAlign = 'center';
    pen.fillText('the planner has told nothing yet', width / 2, height / 2);
    return;
  }
  const most = Math.max(5, ...stages.map((stage) => stage.p99_ms ?? 0));
  const left = 74;
  const right = width - 106;
  const tall = Math.min(28, height / stages.length);
  const x = (ms) => left + (right - left) * (ms / most);
  stages.forEach((stage, i) => {
    const middle = i * tall + tall / 2;
    pen.fillStyle = colour('soft');
    pen.textAlign = 'right';
    pen.fillText(stage.name, left - 10, middle);
    pen.fillStyle = colour('line');
    pen.fillRect(left, middle - 1, x(stage.p99_ms ?? 0) - left, 2);
    pen.fillRect(x(stage.p99_ms ?? 0) - 1, middle - 4, 2, 8);
    pen.fillStyle = colour('one');
    pen.fillRect(left, middle - tall * 0.28, Math.max(1, x(stage.p50_ms ?? 0) - left), tall * 0.56);
    pen.fillStyle = colour('ink');
    pen.fillText(number(stage.p50_ms, 1), width - 62, middle);
    pen.fillStyle = colour('soft');
    pen.fillText(`${number(stage.p99_ms, 1)} ms`, width - 2, middle);
  });
}
