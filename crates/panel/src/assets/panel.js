// Makes pages live, and sends what forms say to the REST API. Everything can be read without it.
(() => {
  'use strict';

  // What a reader chose for this browser; where nothing can be kept, it holds for the page.
  const kept = { get: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
    set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* for this page, then */ } } };

  // Times in the zone of the settings, else in the reader's own; or in UTC where they chose that: one choice for every page, named at
  // the foot of each.
  const own = document.querySelector('meta[name=time-zone]')?.content ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const in_utc = own === 'UTC' || kept.get('zone') === 'utc';
  const zone = { timeZone: in_utc ? 'UTC' : own };
  const whole = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
    hour12: false, timeZoneName: 'short', ...zone });
  const short = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false, ...zone });
  // How many minutes clocks there are ahead of UTC at that time.
  const parts = new Intl.DateTimeFormat('en-US', { ...zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' });
  const minutes_ahead = (at) => {
    const of = Object.fromEntries(parts.formatToParts(at).map((part) => [part.type, Number(part.value)]));
    return Date.UTC(of.year, of.month - 1, of.day, of.hour, of.minute) / 60000 - Math.floor(at.getTime() / 60000);
  };
  // What clocks there show, as a moment: the offset is that of the moment itself, which the first guess may be on the wrong side of.
  const moment_there = (text) => {
    const utc = new Date(text + 'Z'), guess = new Date(utc.getTime() - minutes_ahead(utc) * 60000);
    return new Date(utc.getTime() - minutes_ahead(guess) * 60000);
  };
  const zone_switch = document.querySelector('[data-zone-switch]');
  if (zone_switch) {
    const minutes = minutes_ahead(new Date()), size = Math.abs(minutes);
    const offset = `UTC${minutes < 0 ? '−' : '+'}${Math.floor(size / 60)}${size % 60 ? ':' + String(size % 60).padStart(2, '0') : ''}`;
    document.querySelector('[data-zone]').textContent = in_utc ? 'Times are UTC.' : `Times are those of ${own} (${offset}).`;
    zone_switch.textContent = in_utc ? `Show those of ${own}` : 'Show UTC';
    zone_switch.hidden = own === 'UTC';
    zone_switch.addEventListener('click', () => { kept.set('zone', in_utc ? 'own' : 'utc'); location.reload(); });
  }
  const localize = (root) => {
    for (const time of root.querySelectorAll('time[datetime]:not([data-local])')) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const is_short = 'short' in time.dataset;
      time.textContent = (is_short ? short : whole).format(at);
      time.dataset.local = '';
      if (is_short) continue;
      // How long ago that is goes on by itself, and is no news to whoever listens.
      const ago = document.createElement('span');
      ago.className = 'ago';
      ago.dataset.ago = String(at.getTime());
      ago.setAttribute('aria-live', 'off');
      time.after(' ', ago);
    }
    for (const place of root.querySelectorAll('[data-clock]')) place.textContent = short.format(new Date(Number(place.dataset.clock)));
  };

  // A field for a time shows and takes that zone's; what is sent is UTC.
  for (const field of document.querySelectorAll('input[data-type=time][data-utc]')) {
    const at = new Date(field.dataset.utc);
    if (Number.isNaN(at.getTime())) continue;
    field.value = new Date(at.getTime() + minutes_ahead(at) * 60000).toISOString().slice(0, 16);
  }

  // What a form says, as the API's JSON. A field's name may have dots: `parameters.Size` is Size within parameters.
  // data-type says what a value is; data-empty what an empty one is: left out, or "null", or "keep".
  const put = (body, name, value) => {
    const path = name.split('.');
    const last = path.pop();
    let place = body;
    for (const part of path) place = place[part] ??= {};
    place[last] = value;
  };
  const lines = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const said = async (form, submitter) => {
    const body = {};
    for (const field of form.elements) {
      if (!field.name || field.disabled || field.type === 'submit' || field.closest('fieldset:disabled')) continue;
      const text = field.value;
      switch (field.dataset.type ?? field.type) {
        case 'list':
          put(body, field.name, [...form.elements].filter((one) => one.name === field.name && one.checked).map((one) => one.value));
          break;
        case 'checkbox': if (field.checked) put(body, field.name, true); break;
        case 'number': if (text !== '') put(body, field.name, Number(text)); break;
        case 'minutes': if (text !== '') put(body, field.name, Math.round(Number(text) * 60)); break;
        case 'time':
          if (text !== '') put(body, field.name, moment_there(text).toISOString().slice(0, 19) + 'Z');
          else if (field.dataset.empty === 'keep') put(body, field.name, '');
          break;
        case 'lines': put(body, field.name, lines(text)); break;
        case 'pairs': {
          const pairs = {};
          for (const line of lines(text)) {
            const at = line.indexOf('=');
            if (at < 1) throw { detail: 'Each line is KEY=VALUE.', errors: [{ field: field.name, detail: 'Each line is KEY=VALUE.' }] };
            pairs[line.slice(0, at).trim()] = line.slice(at + 1).trim();
          }
          put(body, field.name, pairs);
          break;
        }
        case 'file': {
          const file = field.files[0];
          if (!file) break;
          put(body, field.name, await file.text());
          put(body, field.name + 'Name', file.name);
          break;
        }
        case 'password': case 'exact': put(body, field.name, text); break;
        default:
          if (text.trim() !== '' || field.dataset.empty === 'keep') put(body, field.name, text.trim());
          else if (field.dataset.empty === 'null') put(body, field.name, null);
      }
    }
    if (submitter?.name) put(body, submitter.name, submitter.value);
    return body;
  };

  let made = 0;
  const mark = (field, words) => {
    const known = field.getAttribute('aria-errormessage');
    if (known) document.getElementById(known)?.remove();
    if (!words) { field.removeAttribute('aria-invalid'); field.removeAttribute('aria-errormessage'); return; }
    const note = document.createElement('small');
    note.className = 'wrong';
    note.id = 'wrong-' + (made += 1);
    note.textContent = words;
    note.setAttribute('aria-live', 'polite');
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-errormessage', note.id);
    field.after(note);
  };
  const complain = (form, problem) => {
    let first = null;
    const elsewhere = [];
    for (const one of problem.errors ?? []) {
      const found = form.elements.namedItem(one.field) ?? form.elements.namedItem('template.' + one.field);
      const field = found instanceof RadioNodeList ? found[0] : found;
      if (!field) { elsewhere.push(one.detail); continue; }
      mark(field, one.detail);
      first ??= field;
    }
    const words = problem.errors ? (elsewhere.join(' ') || 'Please look at what is marked.') : problem.detail;
    const alert = document.createElement('p');
    alert.className = 'notice bad said';
    alert.setAttribute('role', 'alert');
    alert.textContent = words;
    form.append(alert);
    (first ?? alert).scrollIntoView({ block: 'nearest' });
    first?.focus();
  };
  const hush = (form) => {
    for (const one of form.querySelectorAll('.said')) one.remove();
    for (const one of form.querySelectorAll('[aria-errormessage]')) mark(one, null);
  };

  // A key names an act. It is kept while nobody has answered, so that trying again does the act once.
  const keys = new WeakMap();
  const key = (form, body) => {
    const known = keys.get(form);
    if (known?.body === body) return known.key;
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const fresh = { body, key: [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
    keys.set(form, fresh);
    return fresh.key;
  };
  const token = document.querySelector('meta[name=form-token]')?.content ?? '';
  const send = async (form, submitter) => {
    hush(form);
    for (const field of form.elements) {
      if (field.dataset?.check === undefined) continue;
      const words = refusal(field);
      mark(field, words);
      if (words) { complain(form, { errors: [{ field: field.name, detail: words }] }); return; }
    }
    const body = JSON.stringify(await said(form, submitter));
    let answer;
    try {
      answer = await fetch(form.dataset.path, {
        method: form.dataset.method,
        headers: { 'content-type': 'application/json', 'x-form-token': token, 'idempotency-key': key(form, body) },
        body: form.dataset.method === 'DELETE' && body === '{}' ? undefined : body,
      });
    } catch {
      throw { detail: 'There was no answer. Try again: it is done once, however often it is asked.' };
    }
    keys.delete(form);
    const text = await answer.text();
    let told = null;
    try { told = JSON.parse(text); } catch { /* nothing, or not ours */ }
    if (!answer.ok) {
      if (answer.status === 401) throw { detail: 'You are signed out. Sign in in another tab, then try again.' };
      throw told ?? { detail: 'That was not done: the answer was ' + answer.status + '.' };
    }
    if (form.dataset.shows) {
      const shown = document.getElementById(form.dataset.shows);
      for (const place of shown.querySelectorAll('[data-of]')) place.textContent = told[place.dataset.of];
      shown.hidden = false;
      shown.focus();
      form.reset();
      return;
    }
    const then = (form.dataset.then ?? location.pathname).replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(told[name]));
    if (then === location.pathname) location.reload(); else location.assign(then);
    return true;
  };
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.dataset.sent !== undefined) { event.preventDefault(); return; }
    form.dataset.sent = '';
    if (form.dataset.path === undefined) { setTimeout(() => { delete form.dataset.sent; }, 5000); return; }
    event.preventDefault();
    form.setAttribute('aria-busy', 'true');
    const done = () => { delete form.dataset.sent; form.removeAttribute('aria-busy'); };
    send(form, event.submitter).then((leaving) => { if (!leaving) done(); }, (problem) => { done(); complain(form, problem); });
  });
  window.addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) { delete form.dataset.sent; form.removeAttribute('aria-busy'); }
  });

  // A parameter's constraints, as one types. The server checks again: its word counts.
  const whole_value = (pattern) => {
    for (const flags of ['u', '']) { try { return new RegExp('^(?:' + pattern + ')$', flags); } catch { /* Java's own */ } }
    return null;
  };
  function refusal(field) {
    const rule = field.dataset;
    const values = 'list' in rule ? field.value.split(',').map((one) => one.trim()) : [field.value];
    const own = rule.words;
    for (const value of values) {
      if ('numeric' in rule) {
        const number = Number(value);
        if (value.trim() === '' || !Number.isFinite(number)) return 'A number is wanted.';
        if ('least' in rule && number < Number(rule.least)) return own ?? 'At least ' + rule.least + '.';
        if ('most' in rule && number > Number(rule.most)) return own ?? 'At most ' + rule.most + '.';
      }
      const length = [...value].length;
      if ('leastLength' in rule && length < Number(rule.leastLength)) return own ?? 'At least ' + rule.leastLength + ' characters.';
      if ('mostLength' in rule && length > Number(rule.mostLength)) return own ?? 'At most ' + rule.mostLength + ' characters.';
      if ('pattern' in rule && whole_value(rule.pattern)?.test(value) === false) return own ?? 'It must match ' + rule.pattern;
    }
    return null;
  }
  document.addEventListener('input', (event) => {
    if (event.target.dataset?.check !== undefined) mark(event.target, refusal(event.target));
  });
  // A value offered beside a field: one click takes it.
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-value]');
    if (!button) return;
    const field = document.getElementById(button.dataset.for);
    field.value = button.dataset.value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.focus();
  });

  // What is copied, and printed.
  const copies = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll('[data-copy]')) button.hidden = false;
  };
  copies(document);
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    try { await navigator.clipboard.writeText(button.dataset.copy); button.textContent = 'Copied'; } catch { button.textContent = 'Not allowed'; }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  for (const button of document.querySelectorAll('[data-print]')) {
    button.hidden = false;
    button.addEventListener('click', () => window.print());
  }

  // One reason for several warnings.
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-same-reason]');
    if (!button) return;
    const fields = [...button.form.querySelectorAll('input[data-reason]')];
    const first = fields.find((field) => field.value.trim() !== '');
    if (!first) { fields[0].focus(); return; }
    for (const field of fields) if (field.value.trim() === '') field.value = first.value;
  });

  // One of many entries is found as one types: groups without any are away, those with some are opened.
  for (const find of document.querySelectorAll('[data-find]')) {
    const field = find.querySelector('input'), said = find.querySelector('[role=status]');
    const within = document.getElementById(find.dataset.find);
    const before = new Map([...within.querySelectorAll('details')].map((one) => [one, one.open]));
    find.hidden = false;
    field.addEventListener('input', () => {
      const words = field.value.trim().toLowerCase();
      let found = 0;
      for (const entry of within.querySelectorAll('[data-entry]')) {
        entry.hidden = words !== '' && !entry.textContent.toLowerCase().includes(words);
        if (!entry.hidden) found += 1;
      }
      for (const group of within.querySelectorAll('details.group')) {
        group.hidden = group.querySelector('[data-entry]:not([hidden])') === null;
        group.open = words === '' ? before.get(group) : !group.hidden;
      }
      said.textContent = words === '' ? '' : found + ' found';
    });
  }

  // What a banner will look like.
  for (const form of document.querySelectorAll('form[data-preview]')) {
    const shown = form.querySelector('[data-preview-of]');
    const show = () => {
      shown.textContent = form.elements.text.value || 'What users will see.';
      shown.className = 'banner ' + form.elements.level.value;
    };
    form.addEventListener('input', show);
  }

  // Something is being looked at, or rehearsed: the page comes anew when that is over.
  const looking = document.querySelector('[data-poll]');
  if (looking) {
    const since = Date.now();
    const clock = looking.querySelector('[data-seconds]');
    const over = looking.querySelector('[data-over]');
    const shown = (told) => {
      for (const part of looking.querySelectorAll('[data-part]')) part.hidden = !part.dataset.part.split(' ').includes(told.part);
      for (const place of looking.querySelectorAll('[data-told]')) place.textContent = told[place.dataset.told];
      const bar = looking.querySelector('progress');
      if (bar) { bar.max = Math.max(told.all, 1); bar.value = told.done; }
    };
    // What somebody is writing elsewhere on the page is theirs.
    const typed = () => [...document.querySelectorAll('main input:not([type=hidden]), main textarea')]
      .some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);
    setInterval(async () => {
      if (clock) clock.textContent = Math.round((Date.now() - since) / 1000) + ' s';
      if (looking.dataset.asking !== undefined) return;
      looking.dataset.asking = '';
      try {
        const answer = await fetch(looking.dataset.poll);
        const told = answer.ok ? await answer.json() : null;
        if (answer.status === 401 || (told && told.standing !== looking.dataset.while)) {
          if (over && typed()) over.hidden = false; else location.reload();
          return;
        }
        if (told) shown(told);
      } catch { /* the next time */ }
      delete looking.dataset.asking;
    }, 1000);
  }

  // What goes on, and what is to come, is counted each second by the server's clock, in the server's words.
  let ahead = 0; // The server's clock is so many milliseconds ahead of ours.
  const two = (number) => String(number).padStart(2, '0');
  const lasting = (milliseconds) => {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    if (seconds < 1) return 'under 1 s';
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
    return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds % 3600 / 60))} min`;
  };
  const roughly = (milliseconds) => {
    const seconds = Math.floor(milliseconds / 1000), minutes = Math.ceil(milliseconds / 60000);
    if (seconds < 1) return 'a moment';
    if (seconds < 120) return `${seconds} s`;
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  };
  const beside = (milliseconds) => {
    const minutes = Math.floor(Math.abs(milliseconds) / 60000);
    if (minutes < 1) return milliseconds < 0 ? 'in a moment' : 'just now';
    const words = minutes < 60 ? `${minutes} min` : minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
    return milliseconds < 0 ? `in ${words}` : `${words} ago`;
  };
  const told_in = (place, words) => { if (place.textContent !== words) place.textContent = words; };
  const count = () => {
    const now = Date.now() + ahead;
    for (const place of document.querySelectorAll('[data-ago]')) told_in(place, `(${beside(now - Number(place.dataset.ago))})`);
    for (const since of document.querySelectorAll('[data-since]')) told_in(since, lasting(now - Number(since.dataset.since)));
    for (const until of document.querySelectorAll('[data-until]')) {
      told_in(until, roughly(Math.max(0, Number(until.dataset.until) - now) + Number(until.dataset.rest ?? 0)));
    }
  };
  const set_clock = (now) => { if (now) ahead = Number(now) - Date.now(); };
  set_clock(document.querySelector('[data-now]')?.dataset.now);
  localize(document);
  count();
  setInterval(count, 1000);

  // A timeline is as wide as there is room for, and wider where somebody looks closer: its places are shares of its width.
  const zooms = [1, 2, 4, 8, 16];
  let zoom = 0;
  const drawn = (name, attributes, words = '') => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = words;
    return made;
  };
  const widen = (root) => {
    for (const figure of root.querySelectorAll('figure.timeline')) {
      const lanes = figure.querySelector('.lanes'), names = figure.querySelector('.names');
      const axis = figure.querySelector('svg.axis'), bars = figure.querySelector('svg.bars');
      const { first, span, height } = figure.dataset, times = zooms[zoom];
      const room = Math.max(200, lanes.clientWidth - names.offsetWidth - 16), width = room * times;
      const marks = (room < 480 ? 2 : 4) * times;
      for (const svg of [axis, bars]) svg.setAttribute('width', String(width));
      for (const old of figure.querySelectorAll('.tick, .grid')) old.remove();
      for (let mark = marks; mark >= 0; mark -= 1) {
        const x = `${mark * 100 / marks}%`, at = Number(first) + span * mark / marks;
        const tenths = span / times < 20000 ? '.' + Math.floor(at % 1000 / 100) : '';
        const anchor = mark === 0 ? 'start' : mark === marks ? 'end' : 'middle';
        axis.append(drawn('text', { class: 'tick', x, y: 14, 'text-anchor': anchor }, short.format(new Date(at)) + tenths));
        bars.prepend(drawn('line', { class: 'grid', x1: x, x2: x, y1: 0, y2: height }));
      }
      const choice = figure.querySelector('.zoom');
      choice.hidden = false;
      choice.querySelector('[data-zoom=out]').disabled = zoom === 0;
      choice.querySelector('[data-zoom=in]').disabled = zoom === zooms.length - 1;
      told_in(choice.querySelector('[role=status]'), times === 1 ? '' : `${times} times as wide`);
    }
  };
  widen(document);
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-zoom]');
    if (!button) return;
    const lanes = button.closest('figure').querySelector('.lanes'), middle = lanes.scrollLeft / lanes.scrollWidth;
    zoom = Math.min(zooms.length - 1, Math.max(0, zoom + (button.dataset.zoom === 'in' ? 1 : -1)));
    widen(document);
    lanes.scrollLeft = middle * lanes.scrollWidth;
  });

  // A tab tells how its run stands, and a notice of the browser does where somebody asked for it.
  const notify = document.querySelector('[data-notify]');
  let notices = false;
  const show_wish = () => { notify.textContent = notices ? 'Stop notifying me' : 'Notify me in this browser'; };
  if (notify && 'Notification' in window) {
    notices = Notification.permission === 'granted' && kept.get('notices') === 'on';
    notify.parentElement.hidden = false;
    show_wish();
    notify.addEventListener('click', async () => {
      const said = notify.parentElement.querySelector('[role=status]');
      const may = notices || await Notification.requestPermission() === 'granted';
      notices = may && !notices;
      kept.set('notices', notices ? 'on' : 'off');
      said.textContent = !may ? 'The browser does not allow it: its settings for this site do.'
        : notices ? 'You are told when a decision is needed and when it ends, while this page is open.' : '';
      show_wish();
    });
  }
  const head_up = (region) => {
    const told = region.querySelector('[data-title]');
    if (!told) return;
    const { title, icon } = told.dataset;
    document.title = title + ' · Slackwater';
    const link = document.querySelector('link[rel=icon]');
    const changed = link.getAttribute('href') !== icon;
    link.setAttribute('href', icon);
    // The picture changes when somebody is asked, when it fails, and when it ends.
    if (changed && notices) {
      const notice = new Notification(title, { tag: location.pathname, icon });
      notice.onclick = () => { window.focus(); notice.close(); };
    }
  };

  const events = document.getElementById('events');
  // What is looked for among the events holds for those that come, too.
  const filter = document.querySelector('form[data-filter]');
  const is_wanted = (line) => {
    const show = filter?.elements.show.value ?? '', words = (filter?.elements.find.value ?? '').trim().toLowerCase();
    return (show === '' || line.dataset.kinds.split(' ').includes(show)) && line.textContent.toLowerCase().includes(words);
  };
  filter?.addEventListener('input', () => { for (const line of events.children) line.hidden = !is_wanted(line); });

  const live = document.querySelector('[data-live], [data-follow]');
  if (!live) return;
  const offline = live.querySelector('.offline');
  const most = 400;
  const parse = (html) => {
    const holder = document.createElement('template');
    holder.innerHTML = html;
    return holder.content;
  };
  // What somebody has typed, or is about to, stays theirs: such a part waits until they have left it.
  const waiting = new Map();
  const is_typed_in = (region) => region.contains(document.activeElement) || [...region.querySelectorAll('input:not([type=hidden]), textarea, select')]
    .some((field) => (field.matches('select')
      ? [...field.options].some((option) => option.selected !== option.defaultSelected && field.selectedIndex > 0)
      : field.matches('[type=checkbox], [type=radio]') ? field.checked !== field.defaultChecked : field.value !== field.defaultValue));
  const replace = (id, html) => {
    const region = document.getElementById(id);
    // Unchanged parts keep their focus and what was opened in them.
    if (!region || region.dataset.html === html) return;
    if (id === 'acts' && is_typed_in(region)) { waiting.set(id, html); return; }
    waiting.delete(id);
    const opened = [...region.querySelectorAll('details')].map((one) => one.open);
    const busy = region.contains(document.activeElement) && document.activeElement.matches('input, button, summary');
    if (busy && id === 'decide' && region.dataset.html !== undefined && region.querySelector('details[open]')) {
      const fresh = parse(html);
      if (fresh.querySelector('details') && !fresh.querySelector('.question')) return;
    }
    region.dataset.html = html;
    // A picture that is drawn anew stays where somebody has moved it.
    const moved = [...region.querySelectorAll('.lanes')].map((one) => [one.scrollLeft, one.scrollTop]);
    const reached = () => [...region.querySelectorAll('a, button, summary, input, select, textarea')];
    const place = reached().indexOf(document.activeElement);
    region.replaceChildren(parse(html));
    region.querySelectorAll('details').forEach((one, index) => { if (opened[index]) one.open = true; });
    // Whoever goes by the keyboard stays where they were.
    if (place >= 0) reached()[place]?.focus({ preventScroll: true });
    localize(region);
    widen(region);
    region.querySelectorAll('.lanes').forEach((one, index) => { [one.scrollLeft, one.scrollTop] = moved[index] ?? [0, 0]; });
    copies(region);
    head_up(region);
    count();
  };
  setInterval(() => { for (const [id, html] of waiting) replace(id, html); }, 1000);
  const told = (source, message) => {
    offline.hidden = true;
    const { now, regions, lines = '', ended } = JSON.parse(message.data);
    set_clock(now);
    for (const [id, html] of Object.entries(regions)) replace(id, html);
    if (!events) return;
    const fresh = parse(lines);
    // A line's number names it for good: what is here already is not shown twice.
    const newest = Number(events.firstElementChild?.dataset.n ?? -1);
    for (const line of fresh.querySelectorAll('li')) if (Number(line.dataset.n) <= newest) line.remove();
    for (const line of fresh.querySelectorAll('li')) line.hidden = !is_wanted(line);
    localize(fresh);
    events.prepend(fresh);
    while (events.childElementCount > most) events.lastElementChild.remove();
    if (ended) source.close();
  };
  const follow = () => {
    const source = new EventSource(live.dataset.live ?? live.dataset.follow);
    source.onopen = () => { offline.hidden = true; };
    source.onerror = () => {
      offline.hidden = false;
      // A browser comes back by itself after a lost connection, and gives up for good after an answer that is none.
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
    };
    source.onmessage = (message) => told(source, message);
  };
  follow();
})();
