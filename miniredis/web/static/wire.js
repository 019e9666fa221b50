// The WebSocket: requests and replies by number, events by lane, samples for the charts.

const waiting = new Map();
const eventListeners = new Map();
const sampleListeners = new Set();
const stateListeners = new Set();
let socket = null;
let number = 0;
let pause = 500;
export let state = "connecting";

export class ReplyError extends Error {}

export function onState(listener) {
  stateListeners.add(listener);
  listener(state);
}

function setState(value) {
  state = value;
  for (const listener of stateListeners) listener(value);
}

export function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/socket`);
  socket.addEventListener("open", () => {
    pause = 500;
    setState("open");
    if (sampleListeners.size) tell({ watch: true });
  });
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", closed);
}

async function closed(event) {
  setState("closed");
  for (const { reject } of waiting.values()) reject(new ReplyError("The connection to the server is gone."));
  waiting.clear();
  if (event.code === 4401) return location.reload();
  try {
    // A refused WebSocket does not say why; the login may have ended.
    const answer = await fetch("/api/status", { credentials: "same-origin" });
    if (answer.status === 401) return location.reload();
  } catch {
    // The server is away: try again below.
  }
  setTimeout(connect, pause);
  pause = Math.min(pause * 2, 8000);
}

function receive(message) {
  if (message.id !== undefined) {
    const request = waiting.get(message.id);
    waiting.delete(message.id);
    if (request) request.resolve(message.reply);
  } else if (message.events) {
    for (const listener of eventListeners.get(message.lane) || []) listener(message.events, message.skipped);
  } else if (message.sample || message.refused) {
    for (const listener of sampleListeners) listener(message.sample, message.refused);
  }
}

function tell(message) {
  socket.send(JSON.stringify(message));
}

function ready() {
  return new Promise((resolve) => {
    if (state === "open") return resolve();
    const listener = (value) => {
      if (value === "open") {
        stateListeners.delete(listener);
        resolve();
      }
    };
    stateListeners.add(listener);
  });
}

// The reply as it comes, errors included.
export async function ask(argv, { lane = "page", db } = {}) {
  await ready();
  return new Promise((resolve, reject) => {
    const id = ++number;
    waiting.set(id, { resolve, reject });
    tell({ id, lane, db, argv });
  });
}

// The reply; an error is thrown.
export async function command(argv, options) {
  const reply = await ask(argv, options);
  if (reply && reply.error !== undefined) throw new ReplyError(reply.error);
  return reply;
}

export function onEvents(lane, listener) {
  if (!eventListeners.has(lane)) eventListeners.set(lane, new Set());
  eventListeners.get(lane).add(listener);
  return () => eventListeners.get(lane).delete(listener);
}

// Samples come while there is a listener and the page can be seen.
export function onSample(listener) {
  sampleListeners.add(listener);
  if (state === "open" && sampleListeners.size === 1) tell({ watch: true });
  return () => {
    sampleListeners.delete(listener);
    if (state === "open" && !sampleListeners.size) tell({ watch: false });
  };
}

document.addEventListener("visibilitychange", () => {
  if (state === "open" && sampleListeners.size) tell({ watch: !document.hidden });
});
