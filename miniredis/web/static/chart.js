// A line chart of the last minutes on a canvas: some series over one scale, with a crosshair.

const KEEP = 300;
const FOOT = 16;

export class Chart {
  // format: a number to the text at the axis and in the tip. top: the scale's end where it is known.
  // base: 1024 for bytes, so that the axis has round numbers of them. log: powers of ten at equal distances.
  constructor(names, { format, top = null, label = "", base = 10, log = false }) {
    this.names = names;
    this.format = format;
    this.top = top;
    this.base = base;
    this.log = log;
    this.points = [];
    this.pointer = null;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", label);
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    this.element = document.createElement("div");
    this.element.className = "chart";
    this.element.append(this.canvas, this.tip);
    this.canvas.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
  }

  push(time, values) {
    this.points.push({ time, values });
    if (this.points.length > KEEP) this.points.shift();
    this.draw();
  }

  close() {
    this.observer.disconnect();
  }

  point(x) {
    this.pointer = x;
    this.draw();
  }

  scale() {
    let most = 0;
    for (const { values } of this.points) for (const value of values) if (value !== null) most = Math.max(most, value);
    if (this.top !== null) return Math.max(this.top, 0.001);
    if (this.log) return 10 ** Math.max(Math.ceil(Math.log10(Math.max(most, 1))), 3);
    if (most <= 0) return 1;
    const unit = this.base === 10 ? 1 : this.base ** Math.max(Math.floor(Math.log(most) / Math.log(this.base)), 0);
    const step = unit * 10 ** Math.floor(Math.log10(most / unit));
    for (const factor of [1, 2, 3, 4, 6, 8, 10]) if (step * factor >= most * 1.02) return step * factor;
    return step * 12;
  }

  // The values at the axis, with their texts.
  levels(top) {
    if (!this.log) return [0, top / 2, top].map((value) => [value, value ? this.format(value) : "0"]);
    const powers = Math.round(Math.log10(top));
    const step = powers > 4 ? 2 : 1;
    return Array.from({ length: Math.floor(powers / step) + 1 }, (_, at) => 10 ** (at * step)).map((value) => [value, this.format(value)]);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(this.element);
    const colour = (name) => style.getPropertyValue(name).trim();
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const top = this.scale();
    const now = this.points.length ? this.points[this.points.length - 1].time : 0;
    const span = Math.max(60, Math.min(KEEP, Math.ceil((this.points.length - 1) / 60) * 60));
    pen.font = `11px ${style.getPropertyValue("--sans")}`;
    const levels = this.levels(top);
    const gutter = Math.ceil(Math.max(...levels.map(([, shown]) => pen.measureText(shown).width))) + 10;
    const x = (time) => width - 4 - ((now - time) / span) * (width - gutter - 4);
    const share = this.log ? (value) => Math.log10(Math.max(value, 1)) / Math.log10(top) : (value) => value / top;
    const y = (value) => height - FOOT - share(value) * (height - FOOT - 8);
    pen.fillStyle = colour("--muted");
    pen.strokeStyle = colour("--line");
    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const [value, shown] of levels) {
      const level = Math.round(y(value)) + 0.5;
      pen.beginPath();
      pen.moveTo(gutter, level);
      pen.lineTo(width - 4, level);
      pen.stroke();
      pen.fillText(shown, gutter - 8, level);
    }
    pen.textBaseline = "alphabetic";
    pen.textAlign = "left";
    pen.fillText(span > 60 ? `−${span / 60} min` : "−60 s", gutter, height - 2);
    pen.textAlign = "right";
    pen.fillText("now", width - 4, height - 2);
    // The first one is drawn last: where lines meet, it is on top.
    for (let at = this.names.length - 1; at >= 0; at--) this.line(pen, at, colour(`--series-${at + 1}`), x, y, gutter);
    this.cross(pen, x, y, colour, width, height);
  }

  line(pen, at, ink, x, y, gutter) {
    let path = [];
    const runs = [];
    for (const { time, values } of this.points) {
      if (values[at] === null || values[at] === undefined || x(time) < gutter) {
        if (path.length) runs.push(path);
        path = [];
      } else {
        path.push([x(time), y(values[at])]);
      }
    }
    if (path.length) runs.push(path);
    for (const run of runs) {
      if (run.length === 1) {
        pen.fillStyle = ink;
        pen.beginPath();
        pen.arc(run[0][0], run[0][1], 1.5, 0, 7);
        pen.fill();
        continue;
      }
      pen.beginPath();
      run.forEach(([px, py], place) => (place ? pen.lineTo(px, py) : pen.moveTo(px, py)));
      pen.strokeStyle = ink;
      pen.lineWidth = 1.75;
      pen.lineJoin = "round";
      pen.stroke();
      if (at === 0) {
        pen.lineTo(run[run.length - 1][0], y(0));
        pen.lineTo(run[0][0], y(0));
        pen.closePath();
        pen.globalAlpha = 0.1;
        pen.fillStyle = ink;
        pen.fill();
        pen.globalAlpha = 1;
      }
    }
  }

  cross(pen, x, y, colour, width, height) {
    this.tip.hidden = this.pointer === null || !this.points.length;
    if (this.tip.hidden) return;
    const nearest = this.points.reduce((best, each) =>
      Math.abs(x(each.time) - this.pointer) < Math.abs(x(best.time) - this.pointer) ? each : best);
    const place = x(nearest.time);
    pen.strokeStyle = colour("--muted");
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(place, 4);
    pen.lineTo(place, height - FOOT);
    pen.stroke();
    nearest.values.forEach((value, at) => {
      if (value === null || at >= this.names.length) return;
      pen.fillStyle = colour(`--series-${at + 1}`);
      pen.beginPath();
      pen.arc(place, y(value), 3, 0, 7);
      pen.fill();
    });
    const time = new Date(nearest.time * 1000).toLocaleTimeString("en-GB");
    const shown = nearest.values.slice(0, this.names.length).map((value, at) => `${this.names.length > 1 ? `${this.names[at]} ` : ""}${value === null ? "–" : this.format(value)}`);
    this.tip.textContent = `${time}  ${shown.join("  ")}`;
    const half = place > width / 2;
    this.tip.style.left = half ? "auto" : `${place + 8}px`;
    this.tip.style.right = half ? `${width - place + 8}px` : "auto";
  }
}
