// The page: takes what the stream brings, shows it, and says what is old.

import { Curve } from './curve.js';
import { drawHeat, drawPlan, drawStages } from './drawings.js';
import { Link } from './link.js';
import { age, forgetColours, number, picture } from './paint.js';
import { Stop } from './stop.js';
import { keepTheme } from './theme.js';

const byId = (id) => document.getElementById(id);
const LOST_S = 1.5;
// a stream that is older than this while it should come is shown as old
const OLD_S = { camera: 0.6, plan: 1, imagined: 1, planner_figures: 3.5 };
const WORDS = {
  driving: 'good', arrived: 'good', moving: 'good', armed: 'good', stale: 'warn', stopped: 'warn',
  fault: 'bad', latched: 'bad', inactive: 'warn',
};

const curves = {
  cost: new Curve(byId('cost'), [{ name: 'cost', colour: 'one' }], { floor: 5 }),
  surprise: new Curve(byId('surprise'), [{ name: 'surprise', colour: 'one' }], { floor: 0.05 }),
  command: new Curve(byId('command'), [], { symmetric: true, floor: 0.1 }),
};
const facts = {};
const changed = new Set();  // facts that are not drawn yet
let streams = {};
let serverS = 0;            // the server's clock, and when it was told
let toldMs = 0;
let stopTrouble = '';

const nowS = () => serverS + (performance.now() - toldMs) / 1000;
const ageS = (stream) => (streams[stream] ? streams[stream].age_s + nowS() - serverS : null);

const stop = new Stop(byId('stop'), byId('stop-word'), byId('stop-said'), byId('reset'),
  (words) => { stopTrouble = words; showAlarm(); });

function stepCanvas(i) {
  const steps = byId('steps');
  while (steps.children.length <= i) {
    const figure = document.createElement('figure');
    figure.append(document.createElement('canvas'), document.createElement('figcaption'));
    steps.append(figure);
  }
  return steps.children[i].firstChild;
}

async function onPicture(name, jpeg) {
  const step = /^step(\d+)$/.exec(name);
  const canvas = step ? stepCanvas(step[1] - 1) : byId(name);
  if (!canvas) return;
  const shown = await picture(canvas, jpeg);
  if (!step && shown) byId(`${name}-empty`).hidden = true;
}

function onState(state) {
  Object.assign(facts, state.facts);
  for (const name of Object.keys(state.facts)) changed.add(name);
  streams = state.streams;
  serverS = state.now_s;
  toldMs = performance.now();
  for (const [name, points] of Object.entries(state.points)) {
    const curve = name.startsWith('command.') ? curves.command : curves[name];
    if (curve) curve.add(name, points, serverS);
  }
  stop.heard(facts.gate, facts.desk, Boolean(facts.gate) && !facts.links?.gate);
}

const link = new Link(onPicture, onState);

// -- what is shown, ten times a second, whether anything came or not

function showWord(id, fact, silent) {
  const element = byId(id);
  element.textContent = silent ? 'not heard' : fact?.word ?? 'not heard';
  element.className = `is-${silent || !fact ? 'bad' : WORDS[fact.word] ?? 'soft'}`;
}

function troubles() {
  const said = [];
  if (link.silentS() > LOST_S) {
    const since = link.everHeard ? ` for ${age(link.silentS())}` : '';
    said.push(`No connection to jepa watch${since}. What is shown is old, and the stop button may `
      + "not reach the robot: use the robot's own stop.");
    return said;
  }
  if (!link.everHeard) return said;
  if (facts.links?.gate) {
    said.push(`The gate cannot be reached: ${facts.links.gate}. The stop button may not stop the `
      + "robot: use the robot's own stop.");
  }
  return said;
}

function showAlarm() {
  const said = troubles();
  if (stopTrouble) said.unshift(stopTrouble);
  const alarm = byId('alarm');
  const text = said.join('\n');
  if (alarm.dataset.text === text) return;
  alarm.dataset.text = text;
  alarm.hidden = !said.length;
  alarm.replaceChildren(...said.map((sentence) => {
    const line = document.createElement('div');
    line.textContent = sentence;
    return line;
  }));
  alarm.style.top = `${byId('bar').offsetHeight}px`;
}

function showAges() {
  const driving = facts.planner?.word === 'driving';
  const wanted = (stream) => !['plan', 'imagined'].includes(stream) || driving;
  for (const chip of document.querySelectorAll('[data-age]')) {
    const stream = chip.dataset.age;
    const old = ageS(stream);
    const rate = streams[stream]?.rate_hz ?? 0;
    const late = old !== null && old > (OLD_S[stream] ?? Infinity);
    chip.classList.toggle('old', late && wanted(stream));
    chip.textContent = old === null ? (facts.links?.[stream] ?? '')
      : stream === 'goal' ? `came ${age(old)} ago`
        : late || !rate ? `${age(old)} old` : `${number(rate, 1)} Hz`;
  }
  for (const card of document.querySelectorAll('[data-stream]')) {
    const old = ageS(card.dataset.stream);
    card.classList.toggle('old', old !== null && old > (OLD_S[card.dataset.stream] ?? Infinity));
  }
}

function showImagined() {
  const { imagined, latent, plan } = facts;
  const steps = imagined?.steps ?? 0;
  const blockS = plan && steps ? (plan.period_s * plan.actions) / steps : 0;
  const label = (i) => (blockS ? `+${number(blockS * (i + 1), 1)} s` : `step ${i + 1}`);
  const figures = byId('steps').children;
  for (let i = 0; i < figures.length; i += 1) {
    figures[i].hidden = i >= steps;
    const distance = imagined?.distances?.[i];
    const caption = distance === undefined ? label(i) : `${label(i)} · ${number(distance)} away`;
    if (figures[i].lastChild.textContent !== caption) figures[i].lastChild.textContent = caption;
  }
  if (changed.has('imagined') || changed.has('latent')) {
    const rows = [...(latent?.heat ?? []), ...(imagined?.heat ?? [])];
    drawHeat(byId('heat'), rows, [...(latent ? ['now'] : []),
      ...Array.from({ length: steps }, (_, i) => label(i))]);
  }
  byId('imagined-note').textContent = imagined
    ? `this model has no decoder: of ${latent?.remembered ?? 0} remembered frames the one whose `
      + 'latent is nearest to each imagined one' : 'nothing imagined yet';
}

function showNumbers() {
  const { planner, planner_figures: figures, command } = facts;
  curves.surprise.limit = planner?.surprise_limit ?? null;
  byId('cost-value').textContent = planner?.cost_to_go == null ? ''
    : `${number(planner.cost_to_go, 1)} blocks`;
  byId('surprise-value').textContent = number(curves.surprise.last('surprise'), 3);
  const values = Object.entries(command?.values ?? {});
  const hues = ['one', 'two', 'ink', 'soft'];
  curves.command.series = values.filter(([name]) => name !== 'linear_y' || values.length !== 3
      || curves.command.points.get('command.linear_y')?.some(([, value]) => value))
    .map(([name], i) => ({ name: `command.${name}`, colour: hues[i % 4],
      label: name.replace('_', ' ') }));
  byId('command-value').textContent = values.length && values.every(([, v]) => v === 0)
    ? 'zero' : '';
  byId('latency-value').textContent = planner?.frame_age_s == null ? ''
    : `frame ${number(planner.frame_age_s * 1e3, 0)} ms old when used`;
  byId('wrong').textContent = figures?.wrong ?? '';
  byId('camera-empty').textContent = facts.camera?.wrong || facts.links?.camera || 'no frame yet';
  byId('camera-empty').hidden = !facts.camera?.wrong && ageS('camera') !== null;
  byId('engine').textContent = planner?.engine
    ? `${planner.engine} on ${planner.device}, ${number(planner.plan_hz, 1)} plans a second` : '';
  byId('topics').textContent = Object.values(facts.topics ?? {}).join('   ');
}

function showHead() {
  const lost = link.silentS() > LOST_S || !link.everHeard;
  document.body.classList.toggle('lost', lost);
  if (lost) stop.lost();
  const gateLost = lost || !facts.gate || Boolean(facts.links?.gate);
  showWord('planner-word', facts.planner, lost || ageS('planner_figures') > 3.5);
  showWord('gate-word', facts.gate, gateLost);
  const said = lost ? [] : [gateLost ? '' : facts.gate?.reason, facts.planner?.reason]
    .filter(Boolean);
  byId('reason').textContent = [...new Set(said)].join(' · ');
  document.title = `${lost ? '✕ no connection' : gateLost ? '✕ no gate'
    : stop.latched ? '■ stopped' : facts.planner?.word ?? ''} · jepa watch`;
}

function show() {
  showHead();
  stop.show();
  showAlarm();
  showAges();
  showNumbers();
  showImagined();
  if (changed.has('plan')) drawPlan(byId('plan'), facts.plan);
  if (changed.has('planner_figures')) drawStages(byId('latency'), facts.planner_figures?.stages);
  for (const curve of Object.values(curves)) curve.draw(nowS());
  changed.clear();
}

function showAll() {
  forgetColours();
  for (const name of ['plan', 'planner_figures', 'imagined']) changed.add(name);
  show();
}

keepTheme(byId('theme'), showAll);
window.addEventListener('resize', showAll);
setInterval(() => requestAnimationFrame(show), 100);
