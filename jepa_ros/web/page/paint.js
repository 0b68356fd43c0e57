// What every drawing shares: sharp canvases, the colours of the style sheet, pictures.

const colours = new Map();

// a colour of the style sheet by its name
export function colour(name) {
  if (!colours.has(name)) {
    const style = getComputedStyle(document.documentElement);
    colours.set(name, style.getPropertyValue(`--${name}`).trim());
  }
  return colours.get(name);
}

export function forgetColours() {
  colours.clear();
}

// red, green and blue of a colour of the style sheet
export function rgb(name) {
  const hex = colour(name).slice(1);
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

// clear a canvas at the screen's own resolution; returns its context, width and height
export function begin(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
  pen.lineJoin = 'round';
  return { pen, width, height };
}

// draw a JPEG; resolves when it is on the canvas, with false where it is no picture
export async function picture(canvas, jpeg) {
  if (!jpeg.length) return false;
  try {
    const bitmap = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    bitmap.close();
    return true;
  } catch {
    return false;
  }
}

// a number with as many digits as are of use
export function number(value, digits = 2) {
  return value === null || value === undefined ? '–' : value.toFixed(digits);
}

export function age(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

// the next of 1, 2, 5, 10, ... at or above a number
export function tick(least) {
  const ten = 10 ** Math.floor(Math.log10(least));
  return ten * [1, 2, 5, 10].find((of) => of * ten >= least * 0.999);
}
