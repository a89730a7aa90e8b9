/**
 * What the page does by itself: a line and a card follow the pointer or the arrow keys and tell what is heard there; the
 * button turns light to dark. Written for browsers, so it stands here as text.
 */
export const pageScript = `
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const figure = document.getElementById('timeline');
  const picture = figure.querySelector('svg');
  const cursor = document.getElementById('cursor');
  const tip = document.getElementById('tip');
  const several = Object.keys(data.channels).length > 1;
  let now = 0;

  const make = (tag, words, name) => {
    const element = document.createElement(tag);
    if (words !== undefined) element.textContent = words;
    if (name) element.className = name;
    return element;
  };
  const clock = (seconds) => {
    const whole = Math.floor(seconds);
    const pad = (value) => String(value).padStart(2, '0');
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return (h ? h + ':' + pad(m) : m) + ':' + pad(s) + '.' + Math.floor((seconds - whole) * 10);
  };
  const chip = (label) => make('i', undefined, 'chip r-' + label.replace(/[^A-Za-z0-9]/g, '-'));
  const row = (label, value, name) => {
    const line = make('p', undefined, name);
    line.append(chip(label), make('span', label.replace(/_/g, ' ')), make('b', value));
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
    now = Math.min(Math.max(0, seconds), data.seconds);
    const x = data.left + (now / data.seconds) * data.width;
    cursor.setAttribute('transform', 'translate(' + x + ' 0)');
    cursor.setAttribute('visibility', 'visible');
    tip.replaceChildren(make('time', clock(now)));
    for (const [channel, periods] of Object.entries(data.channels)) {
      const period = periodAt(periods, now * 1000);
      if (!period) continue;
      for (const [model, result, confidence, raw] of period[1]) {
        tip.append(make('h3', several ? model + ' · channel ' + channel : model), row(result, confidence.toFixed(2)));
        for (const [label, value] of Object.entries(raw || {})) if (!several) tip.append(row(label, value.toFixed(2), 'raw'));
      }
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

  figure.addEventListener('pointermove', (event) => {
    const box = picture.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * data.whole;
    if (x < data.left || x > data.left + data.width) hide();
    else show(((x - data.left) / data.width) * data.seconds);
  });
  figure.addEventListener('pointerleave', hide);
  figure.addEventListener('blur', hide);
  figure.addEventListener('keydown', (event) => {
    const step = data.seconds / (event.shiftKey ? 20 : 200);
    const to = { ArrowLeft: now - step, ArrowRight: now + step, Home: 0, End: data.seconds }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
  document.getElementById('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });
})();
`;
