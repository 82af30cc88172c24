// Makes pages live. Everything can be read without it.
(() => {
  'use strict';

  // Times in the reader's own zone; UTC stays in the title.
  const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const short = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
  const localize = (root) => {
    for (const time of root.querySelectorAll('time[datetime]:not([data-local])')) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.textContent = ('short' in time.dataset ? short : whole).format(at);
      time.dataset.local = '';
    }
  };
  localize(document);

  // A form is sent once.
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.dataset.sent !== undefined) { event.preventDefault(); return; }
    form.dataset.sent = '';
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
  window.addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  });

  // What a banner will look like.
  for (const form of document.querySelectorAll('form[data-preview]')) {
    const shown = form.querySelector('[data-preview-of]');
    const show = () => {
      shown.textContent = form.elements.text.value || 'What users will see.';
      shown.className = 'banner ' + form.elements.level.value;
    };
    form.addEventListener('input', show);
  }

  // A run as it goes on.
  const live = document.querySelector('[data-live]');
  if (!live) return;
  const offline = live.querySelector('.offline');
  const events = document.getElementById('events');
  const most = 400;
  const parse = (html) => {
    const holder = document.createElement('template');
    holder.innerHTML = html;
    return holder.content;
  };
  const put = (id, html) => {
    const region = document.getElementById(id);
    // Unchanged parts keep their focus and what was opened in them.
    if (!region || region.dataset.html === html) return;
    const opened = [...region.querySelectorAll('details')].map((one) => one.open);
    const busy = region.contains(document.activeElement) && document.activeElement.matches('input, button, summary');
    if (busy && id === 'decide' && region.dataset.html !== undefined && region.querySelector('details[open]')) {
      const fresh = parse(html);
      if (fresh.querySelector('details') && !fresh.querySelector('.question')) return;
    }
    region.dataset.html = html;
    region.replaceChildren(parse(html));
    region.querySelectorAll('details').forEach((one, index) => { if (opened[index]) one.open = true; });
    localize(region);
  };
  const source = new EventSource(live.dataset.live);
  source.onopen = () => { offline.hidden = true; };
  source.onerror = () => { offline.hidden = false; };
  source.onmessage = (message) => {
    offline.hidden = true;
    const told = JSON.parse(message.data);
    for (const [id, html] of Object.entries(told.regions)) put(id, html);
    const fresh = parse(told.lines);
    // A line's number names it for good: what is here already is not shown twice.
    const newest = Number(events.firstElementChild?.dataset.n ?? -1);
    for (const line of fresh.querySelectorAll('li')) if (Number(line.dataset.n) <= newest) line.remove();
    localize(fresh);
    events.prepend(fresh);
    while (events.childElementCount > most) events.lastElementChild.remove();
    if (told.ended) source.close();
  };
})();
