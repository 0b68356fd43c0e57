// The emergency stop, and the reset, which wants more than a slip of the hand.

const AGAIN_MS = 400;       // a stop is asked for again until it is confirmed, however long
const LATE_MS = 1000;       // after this it is said that no confirmation has come
const HOLD_MS = 1000;

export class Stop {
  constructor(button, word, said, reset, tell) {
    this.button = button;
    this.word = word;
    this.said = said;
    this.resetButton = reset;
    this.tell = tell;           // called with a sentence to show in red, '' for none
    this.pressedMs = null;      // when, until the gate has confirmed it
    this.tookMs = null;
    this.failure = '';
    this.notReset = '';         // why the last reset was none
    this.latched = false;
    this.known = false;         // the gate can be reached, as far as is known
    this.hear();
  }

  hear() {
    // at once, not when the button is let go; click is for those who have no pointer
    this.button.addEventListener('pointerdown', () => this.press());
    this.button.addEventListener('click', () => this.press());
    const space = (event) => {
      if (event.code !== 'Space') return;
      // whatever has the focus, space stops, and does nothing else
      event.preventDefault();
      event.stopPropagation();
      if (event.type === 'keydown' && !event.repeat) this.press();
    };
    window.addEventListener('keydown', space, true);
    window.addEventListener('keyup', space, true);
    this.hold();
  }

  press() {
    this.letGo();       // a reset that is under way would undo it
    this.notReset = '';
    const now = performance.now();
    if (this.pressedMs !== null && now - this.pressedMs < 250) return;
    this.pressedMs = now;
    this.tookMs = null;
    this.send(now);
    this.show();
  }

  async send(beganMs) {
    if (this.pressedMs !== beganMs) return;
    let failure = '';
    try {
      const answer = await fetch('/stop', { method: 'POST', signal: AbortSignal.timeout(2000) });
      if (!answer.ok) failure = (await answer.json()).why;
    } catch {
      failure = 'jepa watch does not answer';
    }
    if (this.pressedMs !== beganMs) return;
    this.failure = failure;
    this.show();
    setTimeout(() => this.send(beganMs), AGAIN_MS);
  }

  // the gate's word, what became of the last press as the server has it, and whether all of it
  // can be relied on
  heard(gate, desk, known) {
    this.known = known;
    this.latched = gate?.word === 'latched';
    const silent = gate?.word === 'inactive' && desk?.stop === 'answered';
    if (this.pressedMs !== null && known && (this.latched || silent)) {
      this.tookMs = performance.now() - this.pressedMs;
      this.pressedMs = null;
      this.failure = '';
    }
    if (!this.latched && !silent) this.tookMs = null;
    this.show();
  }

  lost() {
    this.known = false;
    this.show();
  }

  show() {
    const waiting = this.pressedMs !== null;
    const held = this.latched && this.known;
    document.body.classList.toggle('latched', held);
    document.body.classList.toggle('stopping', waiting);
    this.resetButton.hidden = !held;
    this.word.textContent = waiting ? 'STOPPING' : held ? 'STOPPED' : 'STOP';
    const took = this.tookMs === null ? '' : ` after ${Math.round(this.tookMs)} ms`;
    this.said.textContent = waiting ? 'not confirmed by the gate yet'
      : held ? `held by the gate${took}`
        : !this.known ? 'it may not reach the robot'
          : this.tookMs !== null ? 'the gate is inactive and will stay stopped'
            : 'or press the space bar';
    const late = waiting && performance.now() - this.pressedMs > LATE_MS;
    this.tell(this.failure ? `The stop is NOT confirmed: ${this.failure}. Use the robot's own stop.`
      : late ? "The stop is NOT confirmed by the gate. Use the robot's own stop." : this.notReset);
  }

  hold() {
    let timer = null;
    const begin = () => {
      if (timer !== null) return;
      this.resetButton.classList.add('held');
      timer = setTimeout(() => { end(); this.reset(); }, HOLD_MS);
    };
    const end = () => {
      clearTimeout(timer);
      timer = null;
      this.resetButton.classList.remove('held');
    };
    this.letGo = end;
    this.resetButton.addEventListener('pointerdown', begin);
    for (const name of ['pointerup', 'pointerleave', 'pointercancel', 'blur']) {
      this.resetButton.addEventListener(name, end);
    }
    this.resetButton.addEventListener('keydown', (event) => {
      if (event.code === 'Enter') { event.preventDefault(); if (!event.repeat) begin(); }
    });
    this.resetButton.addEventListener('keyup', (event) => { if (event.code === 'Enter') end(); });
  }

  async reset() {
    this.pressedMs = null;
    this.failure = this.notReset = '';
    let why = '';
    try {
      const answer = await fetch('/reset', { method: 'POST', signal: AbortSignal.timeout(2000) });
      if (!answer.ok) why = `Not reset: ${(await answer.json()).why}.`;
    } catch {
      why = 'Not reset: jepa watch does not answer.';
    }
    if (this.pressedMs === null) this.notReset = why;
    this.show();
  }
}
