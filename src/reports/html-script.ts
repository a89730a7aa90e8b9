/**
 * What the page does by itself: a line and a card follow the pointer or the arrow keys and tell what is heard there; a
 * part that is marked is drawn as wide as the whole; the button turns light to dark. Written for browsers, so it stands
 * here as text.
 */
export const pageScript = `
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const figure = document.getElementById('timeline');
  const picture = figure.querySelector('svg');
  const cursor = document.getElementById('cursor');
  const selection = document.getElementById('selection');
  const tip = document.getElementById('tip');
  const several = data.channels.length > 1;
  let now = 0;
  let view = [0, data.seconds];
  let marked;

  const make = (tag, words, name) => {
    const element = document.createElement(tag);
    if (words !== undefined) element.textContent = words;
    if (name) element.className = name;
    return element;
  };
  const draw = (tag, attributes, words) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (words !== undefined) element.textContent = words;
    return element;
  };
  const clock = (seconds, decimals) => {
    const scale = 10 ** decimals;
    const total = Math.floor(seconds * scale + 1e-6) / scale;
    const pad = (value, length) => String(value).padStart(length, '0');
    const [h, m] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
    return (h ? h + ':' + pad(m, 2) : m) + ':' + pad((total % 60).toFixed(decimals), decimals ? decimals + 3 : 2);
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const xOf = (seconds) => data.left + ((seconds - view[0]) / (view[1] - view[0])) * data.width;
  const timeAt = (clientX) => {
    const box = picture.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * data.whole;
    return view[0] + ((x - data.left) / data.width) * (view[1] - view[0]);
  };
  const row = (label, value, name) => {
    const line = make('p', undefined, name);
    line.append(make('i', undefined, 'chip r-' + label.replace(/[^A-Za-z0-9]/g, '-')), make('span', label.replace(/_/g, ' ')), make('b', value));
    return line;
  };
  const periodAt = (periods, time) => {
    let [low, high] = [0, periods.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (periods[middle][0] <= time) low = middle;
      else high = middle - 1;
    }
    return periods[low];
  };

  const show = (seconds) => {
    now = clamp(seconds, 0, data.seconds);
    const x = xOf(now);
    cursor.setAttribute('transform', 'translate(' + x + ' 0)');
    cursor.setAttribute('visibility', 'visible');
    tip.replaceChildren(make('time', clock(now, view[1] - view[0] < 20 ? 2 : 1)));
    for (const { name, models, periods } of data.channels) {
      const period = periodAt(periods, now * 1000);
      if (!period) continue;
      models.forEach(([model, labels], i) => {
        const [result, confidence, raw] = period[i + 1];
        tip.append(make('h3', several ? model + ' · channel ' + name : model), row(result, confidence.toFixed(2)));
        if (!several) raw.forEach((value, label) => tip.append(row(labels[label], value.toFixed(2), 'raw')));
      });
    }
    tip.hidden = false;
    const box = picture.getBoundingClientRect();
    const left = (x / data.whole) * box.width + box.left - figure.getBoundingClientRect().left + 16;
    tip.style.left = (left + tip.offsetWidth > figure.clientWidth ? left - tip.offsetWidth - 32 : left) + 'px';
  };
  const hide = () => {
    tip.hidden = true;
    cursor.setAttribute('visibility', 'hidden');
  };

  const waves = data.channels.map(({ wave }) => wave && { bucket: wave.bucket, peaks: Uint8Array.from(atob(wave.peaks), (byte) => byte.charCodeAt(0)) });
  const drawWave = (group, { colours }, { bucket, peaks }) => {
    const middle = Number(group.dataset.wave);
    const count = Math.floor(data.width / data.bar);
    const step = (view[1] - view[0]) / count;
    const paths = new Map();
    let at = 0;
    for (let i = 0; i < count; i++) {
      const from = view[0] + i * step;
      while (at < colours.length - 1 && colours[at][0] / 1000 <= from + step / 2) at++;
      const last = Math.min(peaks.length, Math.max(Math.floor(from / bucket) + 1, Math.ceil((from + step) / bucket)));
      let peak = 0;
      for (let k = Math.floor(from / bucket); k < last; k++) peak = Math.max(peak, peaks[k]);
      const half = Math.max(0.6, (peak / 255) ** 0.8 * (data.wave / 2 - 1));
      const name = colours[at] ? colours[at][1] : 'r-silence';
      paths.set(name, (paths.get(name) || '') + 'M' + (data.left + (i + 0.5) * data.bar).toFixed(1) + ' ' + (middle - half).toFixed(1) + 'v' + (2 * half).toFixed(1));
    }
    group.replaceChildren(...[...paths].map(([name, d]) => draw('path', { class: name + ' wave', d })));
  };
  const drawAxis = (group) => {
    const top = Number(group.dataset.axis);
    const step = data.ticks.find((each) => (view[1] - view[0]) / each <= 12) || Math.ceil((view[1] - view[0]) / 10 / 3600) * 3600;
    group.replaceChildren();
    for (let i = Math.ceil(view[0] / step); i * step <= view[1]; i++) {
      const x = xOf(i * step).toFixed(1);
      group.append(draw('path', { class: 'rule', d: 'M' + x + ' ' + top + 'v5', fill: 'none' }), draw('text', { class: 'muted middle', x, y: top + 19 }, clock(i * step, step < 1 ? 1 : 0)));
    }
  };
  const look = (from, to) => {
    const length = clamp(to - from, Math.min(1, data.seconds), data.seconds);
    const start = clamp(from, 0, data.seconds - length);
    view = [start, start + length];
    const scale = data.seconds / length;
    const shift = data.left * (1 - scale) - (start / data.seconds) * data.width * scale;
    for (const group of picture.querySelectorAll('.time')) group.setAttribute('transform', 'matrix(' + scale + ' 0 0 1 ' + shift + ' 0)');
    data.channels.forEach((channel, i) => {
      const group = picture.querySelector('[data-channel="' + channel.name + '"] [data-wave]');
      if (group && waves[i]) drawWave(group, channel, waves[i]);
    });
    drawAxis(picture.querySelector('[data-axis]'));
    show(now);
  };

  figure.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    marked = clamp(timeAt(event.clientX), ...view);
  });
  figure.addEventListener('pointermove', (event) => {
    const time = timeAt(event.clientX);
    if (marked !== undefined) {
      const [from, to] = [marked, clamp(time, ...view)].sort((a, b) => a - b).map(xOf);
      selection.setAttribute('x', from);
      selection.setAttribute('width', to - from);
      selection.setAttribute('visibility', 'visible');
    }
    if (time < view[0] || time > view[1]) hide();
    else show(time);
  });
  addEventListener('pointerup', (event) => {
    if (marked === undefined) return;
    const [from, to] = [marked, clamp(timeAt(event.clientX), ...view)].sort((a, b) => a - b);
    marked = undefined;
    selection.setAttribute('visibility', 'hidden');
    if (xOf(to) - xOf(from) > 8) look(from, to);
  });
  figure.addEventListener('dblclick', () => look(0, data.seconds));
  figure.addEventListener('pointerleave', hide);
  figure.addEventListener('blur', hide);
  figure.addEventListener('keydown', (event) => {
    const length = view[1] - view[0];
    const step = length / (event.shiftKey ? 20 : 200);
    const factor = { '+': 0.5, '-': 2 }[event.key];
    const to = { ArrowLeft: now - step, ArrowRight: now + step, Home: 0, End: data.seconds }[event.key];
    if (factor === undefined && to === undefined) return;
    event.preventDefault();
    if (factor) return look(now - (now - view[0]) * factor, now + (view[1] - now) * factor);
    now = clamp(to, 0, data.seconds);
    if (now < view[0] || now > view[1]) look(now - length / 2, now + length / 2);
    show(now);
  });
  // Beside the page the sound may lie; the line follows it and sets it.
  const sound = document.getElementById('sound');
  sound.addEventListener('loadedmetadata', () => (sound.hidden = false));
  sound.addEventListener('timeupdate', () => {
    if (sound.paused) return;
    if (sound.currentTime < view[0] || sound.currentTime > view[1]) look(sound.currentTime, sound.currentTime + view[1] - view[0]);
    show(sound.currentTime);
  });
  figure.addEventListener('click', (event) => {
    if (!sound.hidden) sound.currentTime = clamp(timeAt(event.clientX), 0, data.seconds);
  });

  const save = (name, text) => {
    const link = make('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const title = document.querySelector('h1').textContent;
  const ends = (periods, i) => (periods[i + 1] ? periods[i + 1][0] : Math.round(data.seconds * 1000));
  document.getElementById('csv').addEventListener('click', () => {
    const { models } = data.channels[0];
    const head = ['channel', 'start_ms', 'end_ms'].concat(...models.map(([model, labels]) => [model, model + '_confidence', ...labels.map((label) => model + '_' + label)]));
    const rows = data.channels.flatMap(({ name, periods }) => periods.map((period, i) => [name, period[0], ends(periods, i)].concat(...period.slice(1).map(([result, confidence, raw]) => [result, confidence, ...raw]))));
    save(title + '.csv', [head, ...rows].map((row) => row.join(',') + '\\r\\n').join(''));
  });
  document.getElementById('labels').addEventListener('click', () => {
    const lines = data.channels.flatMap(({ name, models, periods }) => models.flatMap(([model], k) => {
      const runs = [];
      periods.forEach((period, i) => {
        const [result] = period[k + 1];
        const last = runs[runs.length - 1];
        if (last && last.result === result) last.end = ends(periods, i);
        else runs.push({ start: period[0], end: ends(periods, i), result });
      });
      const prefix = (several ? 'channel ' + name + ' ' : '') + model + ': ';
      return runs.map(({ start, end, result }) => [start, [(start / 1000).toFixed(6), (end / 1000).toFixed(6), prefix + result].join('\\t') + '\\n']);
    }));
    save(title + '.txt', lines.sort((a, b) => a[0] - b[0]).map(([, line]) => line).join(''));
  });

  document.getElementById('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });
})();
`;
