/** The page to try the service with: a file goes to /file-processing, the microphone to /stream with a temporary token. */
const colours = {
  speech: '#2f6fde',
  music: '#c2571a',
  other: '#8a8f98',
  silence: '#00000000',
  female: '#a33ea1',
  male: '#1b8a5a',
  unknown: '#b59a00',
  no_speech: '#00000000',
};
const models = ['Speech', 'Gender'];
const liveSeconds = 60;
const [key, file, microphone, status, result, legend] = ['key', 'file', 'microphone', 'status', 'result', 'legend'].map(
  (id) => document.getElementById(id),
);

// The key stands behind # in the link that the server prints: browsers send that to nobody.
key.value = new URLSearchParams(location.hash.slice(1)).get('key') ?? sessionStorage.getItem('key') ?? '';
history.replaceState(null, '', location.pathname);
key.addEventListener('change', () => sessionStorage.setItem('key', key.value));
if (key.value) sessionStorage.setItem('key', key.value);

function say(text, isError = false) {
  status.textContent = text;
  status.className = isError ? 'error' : '';
}

async function request(path, init) {
  const response = await fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${key.value}` } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return body;
}

file.addEventListener('change', async () => {
  const [chosen] = file.files;
  if (!chosen) return;
  say(`${chosen.name} is being analysed…`);
  result.replaceChildren();
  try {
    const started = performance.now();
    const query = new URLSearchParams({
      models,
      output_period: '512',
      include_summary: 'true',
      include_transitions: 'true',
    });
    const headers = { 'content-type': 'application/octet-stream' };
    const { channels, warnings } = await request(`file-processing?${query}`, { method: 'POST', body: chosen, headers });
    const took = ((performance.now() - started) / 1000).toFixed(1);
    say([`${chosen.name}, in ${took} s.`, ...(warnings ?? [])].join(' '));
    for (const [channel, report] of Object.entries(channels)) {
      if (Object.keys(channels).length > 1) result.append(element('h2', `Channel ${channel}`));
      const runs = Object.entries(report.transitions).sort(([a], [b]) => (a < b ? 1 : -1));
      const end = Math.max(...runs.map(([, list]) => list.at(-1)?.timestamp_end ?? 0));
      for (const [model, list] of runs) result.append(band(model, list, 0, end));
      result.append(shares(report.summary));
    }
    legend.hidden = false;
  } catch (error) {
    say(error.message, true);
  }
  file.value = '';
});

let stop;
microphone.addEventListener('click', async () => {
  if (stop) return stop();
  try {
    const { token } = await request('v1/tokens', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    await listen(token);
  } catch (error) {
    say(error.message, true);
  }
});

async function listen(token) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  await context.audioWorklet.addModule('recorder.js');
  const recorder = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
  context.createMediaStreamSource(stream).connect(recorder);
  const query = new URLSearchParams({ models, output_period: '512', sample_rate: context.sampleRate, token });
  const url = new URL(`stream?${query}`, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url);
  recorder.port.onmessage = ({ data }) => socket.readyState === WebSocket.OPEN && socket.send(data);
  stop = () => {
    for (const track of stream.getTracks()) track.stop();
    if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"CloseStream"}');
  };
  microphone.textContent = 'Stop';
  say('Listening…');
  const periods = [];
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.message_type === 'error') return say(message.error.message, true);
    if (message.message_type !== 'results') return;
    periods.push(message.results.channels[0]);
    draw(periods);
  };
  socket.onclose = async ({ code, reason }) => {
    stop = undefined;
    for (const track of stream.getTracks()) track.stop();
    await context.close();
    microphone.textContent = 'The microphone';
    if (code === 1000) say('Stopped.');
    else if (status.className !== 'error') say(reason || `The call ended (${code}).`, true);
  };
}

function draw(periods) {
  const end = periods.at(-1).timestamp + 512;
  const from = Math.max(0, end - liveSeconds * 1000);
  const shown = periods.filter(({ timestamp }) => timestamp >= from);
  const rows = ['speech', 'gender'].map((model) => {
    const runs = shown.map(({ timestamp, results }) => ({
      timestamp_start: timestamp,
      timestamp_end: timestamp + 512,
      ...results[model],
    }));
    return band(model, runs, from, Math.max(end, from + 10_000));
  });
  const { results } = periods.at(-1);
  const now = Object.values(results).map(
    ({ result: label, confidence }) => `${label} (${Math.round(confidence * 100)} %)`,
  );
  result.replaceChildren(...rows, element('p', now.reverse().join(', ')));
  legend.hidden = false;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

const svg = (name, attributes) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
};

/** A model's results over time, as a band of colours. */
function band(model, runs, from, to) {
  const row = element('div', '');
  row.className = 'row';
  const picture = svg('svg', {
    viewBox: `0 0 ${to - from} 1`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': model,
  });
  for (const { timestamp_start: start, timestamp_end: end, result: label, confidence } of runs) {
    const piece = svg('rect', {
      x: start - from,
      y: 0,
      width: end - start,
      height: 1,
      fill: colours[label],
      'fill-opacity': 0.35 + 0.65 * confidence,
    });
    piece.append(
      Object.assign(svg('title', {}), {
        textContent: `${label}, ${(start / 1000).toFixed(1)} to ${(end / 1000).toFixed(1)} s`,
      }),
    );
    picture.append(piece);
  }
  row.append(element('span', model), picture);
  return row;
}

function shares(summary) {
  const table = document.createElement('table');
  for (const [model, fractions] of Object.entries(summary)) {
    for (const [name, share] of Object.entries(fractions)) {
      if (share === 0) continue;
      const row = table.insertRow();
      for (const text of [model, name.replace('_fraction', '').replaceAll('_', ' '), `${(share * 100).toFixed(1)} %`])
        row.insertCell().textContent = text;
    }
  }
  return table;
}

for (const [label, colour] of Object.entries(colours)) {
  if (colour.endsWith('00000000')) continue;
  const entry = document.createElement('span');
  const mark = document.createElement('i');
  mark.style.background = colour;
  entry.append(mark, label);
  legend.append(entry);
}
