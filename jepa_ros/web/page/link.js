// The stream from the server: rounds of pictures and facts. The next round is asked for when this
// one is drawn, so a slow page is sent less, and never falls behind.

const AGAIN_MS = 1000;
const text = new TextDecoder();

export class Link {
  // onPicture(name, jpeg) may return a promise; onState(state); both of the newest round
  constructor(onPicture, onState) {
    this.onPicture = onPicture;
    this.onState = onState;
    this.newestMs = -Infinity;      // when a round came, by performance.now()
    this.lostMs = performance.now();
    this.open();
  }

  open() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/stream`);
    socket.binaryType = 'arraybuffer';
    let drawing = [];
    socket.onmessage = async ({ data }) => {
      if (typeof data !== 'string') {
        const bytes = new Uint8Array(data);
        const name = text.decode(bytes.subarray(1, 1 + bytes[0]));
        drawing.push(this.onPicture(name, bytes.subarray(1 + bytes[0])));
        return;
      }
      const drawn = drawing;
      drawing = [];
      this.newestMs = performance.now();
      this.onState(JSON.parse(data));
      await Promise.allSettled(drawn);
      if (socket.readyState === WebSocket.OPEN) socket.send('go on');
    };
    socket.onclose = () => setTimeout(() => this.open(), AGAIN_MS);
  }

  // seconds since the server was last heard
  silentS() {
    return (performance.now() - Math.max(this.newestMs, this.lostMs)) / 1000;
  }

  get everHeard() {
    return Number.isFinite(this.newestMs);
  }
}
