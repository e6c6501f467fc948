// The page: what is shown, and what the buttons do.

import { Bell, openMedia } from './media.js';
import { LoginError, Phone } from './phone.js';

const $ = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** How a call ended, in plain words. */
const OUTCOMES = {
  stopped: (door) => `${door} has ended the call.`,
  rejected: (door) => `${door} is busy or does not take the call.`,
  unanswered: (door) => `${door} does not answer.`,
  missed: (door) => `${door} rang at ${new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}.`,
  broken: (door) => `The connection to ${door} broke.`,
  closed: () => 'Ready.',
};

const app = {
  settings: null,
  user: 0,
  peer: '', // name of the other side
  phone: null,
  silent: false,
  since: 0,
  clock: null,
  opening: false,
  sound: new AudioContext(),
};
const bell = new Bell(app.sound);

// ---- What is shown ----

function show(state, text) {
  document.body.dataset.state = state;
  $('status').textContent = text;
  $('call').disabled = state !== 'ready';
  $('who').disabled = !['ready', 'offline', 'connecting'].includes(state);
  $('alarm').textContent = state === 'ringing' ? text : '';
  document.title = state === 'ringing' ? `🔔 ${text}` : `${app.settings?.device.name ?? 'Door'} – handset`;
  const focus = { ringing: 'answer', calling: 'hangup', 'in-call': 'hangup' }[state];
  if (focus) $(focus).focus({ preventScroll: true });
}

function showConnection(state, text) {
  $('connection').dataset.connection = state;
  $('connection').textContent = text;
}

function notice(text) {
  $('notice').textContent = text;
  $('notice').hidden = !text;
}

function nameOf(id) {
  const { device, contacts } = app.settings;
  return [device, ...contacts].find((p) => p.user_id === id)?.name ?? `User ${id}`;
}

function showDuration() {
  const s = Math.floor((Date.now() - app.since) / 1000);
  const two = (n) => String(n).padStart(2, '0');
  $('duration').textContent = s < 3600
    ? `${Math.floor(s / 60)}:${two(s % 60)}`
    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

function startClock() {
  if (app.clock) return;
  app.since = Date.now();
  app.clock = setInterval(showDuration, 500);
  showDuration();
  $('duration').hidden = false;
}

function clearCall() {
  bell.stop();
  clearInterval(app.clock);
  app.clock = null;
  $('duration').hidden = true;
  $('remote').srcObject = null;
  $('others').replaceChildren();
  document.body.dataset.picture = 'no';
  $('mute').setAttribute('aria-pressed', 'false');
}

// ---- What the phone tells ----

function showStream(user, stream) {
  let video = $('remote');
  if (user !== app.settings.device.user_id && $('remote').srcObject?.active) {
    video = document.querySelector(`#others [data-user="${user}"]`) ?? document.createElement('video');
    video.dataset.user = user;
    video.autoplay = video.playsInline = true;
    video.title = nameOf(user);
    $('others').append(video);
  }
  video.srcObject = stream;
  video.play().catch(() => notice('Touch the picture to hear the door.'));
  show('in-call', `Talking to ${app.peer}`);
  startClock();
}

const events = {
  online() {
    showConnection('online', 'Connected');
    if (!app.phone.busy) show('ready', 'Ready.');
  },
  lost() {
    showConnection('connecting', 'No connection, trying again…');
    if (!app.phone.busy) show('connecting', 'No connection to the door, trying again…');
  },
  loggedOut: logInAnew,
  ringing(user) {
    app.peer = nameOf(user);
    notice('');
    show('ringing', `${app.peer} is ringing`);
    bell.start();
  },
  accepted: () => show('in-call', `Connecting to ${app.peer}…`),
  stream: showStream,
  left: (user) => document.querySelector(`#others [data-user="${user}"]`)?.remove(),
  health(state) {
    if (document.body.dataset.state !== 'in-call') return;
    const texts = {
      connected: app.clock ? `Talking to ${app.peer}` : `Connecting to ${app.peer}…`,
      weak: 'The connection is weak…',
      broken: 'The connection broke, trying again…',
    };
    $('status').textContent = texts[state];
  },
  ended(outcome) {
    clearCall();
    const connected = $('connection').dataset.connection === 'online';
    show(connected ? 'ready' : 'connecting', OUTCOMES[outcome](app.peer));
    $('call').focus({ preventScroll: true });
  },
};

// ---- What the buttons do ----

/** Opens the microphone for the current call; null if that ended meanwhile. */
async function media(stillWanted) {
  if (app.opening) return null;
  app.opening = true;
  try {
    await Promise.race([app.sound.resume(), wait(300)]); // without loudspeakers it never comes
    const { stream, silent, problems } = await openMedia(app.sound, $('camera').checked);
    if (!stillWanted()) {
      stream.getTracks().forEach((track) => track.stop());
      return null;
    }
    app.silent = silent;
    $('mute').disabled = silent;
    notice(problems.join(' '));
    return stream;
  } finally {
    app.opening = false;
  }
}

async function answer() {
  bell.stop();
  const { session } = app.phone;
  show('in-call', 'Opening the microphone…');
  const stream = await media(() => session && app.phone.session === session);
  if (!stream) return;
  $('status').textContent = `Connecting to ${app.peer}…`;
  app.phone.answer(stream);
}

async function call() {
  app.peer = app.settings.device.name;
  show('calling', `Calling ${app.peer}…`);
  const stream = await media(() => document.body.dataset.state === 'calling');
  if (!stream) return;
  try {
    app.phone.call(app.settings.device.user_id, stream);
  } catch (error) {
    stream.getTracks().forEach((track) => track.stop());
    show('ready', `The call could not be made: ${error.message}`);
  }
}

function hangUp() {
  if (app.phone.busy) app.phone.hangUp();
  else events.ended('closed'); // still opening the microphone
}

function toggleMute() {
  const on = $('mute').getAttribute('aria-pressed') !== 'true';
  app.phone.mute(on);
  $('mute').setAttribute('aria-pressed', String(on));
}

// ---- Who I am ----

function askPassword(why) {
  show('offline', why);
  showConnection('offline', 'Not logged in');
  $('login').hidden = false;
  $('login-name').textContent = nameOf(app.user);
  $('username').value = String(app.user);
  $('password').value = '';
  $('password').focus();
}

async function login(password) {
  $('login').hidden = true;
  show('connecting', 'Connecting…');
  showConnection('connecting', 'Connecting…');
  try {
    await app.phone.connect(app.user, password);
    events.online();
  } catch (error) {
    if (!(error instanceof LoginError)) throw error;
    if (app.settings.accounts?.[app.user]) {
      await wait(5000);
      logInAnew();
    } else {
      askPassword('This password was not accepted. After several wrong ones, wait a minute.');
    }
  }
}

/** Logs in with the password the page is given, or asks for one. */
async function logIn(why) {
  const password = app.settings.accounts?.[app.user];
  if (password) await login(password);
  else askPassword(why);
}

/** A door that was started anew has made new passwords. */
async function logInAnew() {
  show('connecting', 'Connecting…');
  await wait(1500); // the SDK winds the old connection up
  app.settings = await loadSettings();
  await logIn('Please log in again.');
}

function chooseUser() {
  const { contacts } = app.settings;
  const asked = Number(new URLSearchParams(location.search).get('user') ?? localStorage.getItem('user'));
  app.user = (contacts.find((p) => p.user_id === asked) ?? contacts[0])?.user_id ?? 0;
  $('who').replaceChildren(...contacts.map((p) => new Option(p.name, p.user_id, false, p.user_id === app.user)));
  $('who').addEventListener('change', () => {
    localStorage.setItem('user', $('who').value);
    location.assign(`?user=${$('who').value}`);
  });
  if (app.user) localStorage.setItem('user', app.user);
}

// ---- Start ----

async function loadSettings() {
  for (;;) {
    try {
      const response = await fetch('config.json');
      if (response.ok) return await response.json();
    } catch { /* the door is away; ask again */ }
    show('connecting', 'No connection to the door, trying again…');
    await wait(2000);
  }
}

/** What keeps the page from working at all, in plain words. */
function obstacle() {
  if (!window.isSecureContext) return 'Browsers only make calls on pages from https:// or http://localhost.';
  if (typeof window.RTCPeerConnection === 'undefined') return 'This browser cannot make calls (it has no WebRTC).';
  if (typeof window.QB === 'undefined') {
    return 'The QuickBlox SDK is missing in this build. “make build” fetches it; then start intercomd again.';
  }
  return '';
}

function wireButtons() {
  $('answer').addEventListener('click', answer);
  $('reject').addEventListener('click', () => app.phone.reject());
  $('hangup').addEventListener('click', hangUp);
  $('call').addEventListener('click', call);
  $('mute').addEventListener('click', toggleMute);
  $('remote').addEventListener('playing', () => { document.body.dataset.picture = $('remote').videoWidth ? 'yes' : 'no'; });
  $('remote').addEventListener('resize', () => { document.body.dataset.picture = $('remote').videoWidth ? 'yes' : 'no'; });
  $('remote').addEventListener('click', () => $('remote').play().then(() => notice(''), () => {}));
  $('login').addEventListener('submit', (event) => {
    event.preventDefault();
    login($('password').value);
  });
  window.addEventListener('pagehide', () => { if (app.phone?.busy) app.phone.hangUp(); });
}

function wireSound() {
  const check = () => { $('sound').hidden = app.sound.state === 'running'; };
  app.sound.addEventListener('statechange', check);
  for (const type of ['pointerdown', 'keydown']) {
    document.addEventListener(type, () => app.sound.resume(), { passive: true });
  }
  check();
}

async function start() {
  const problem = obstacle();
  if (problem) {
    show('offline', 'This handset does not work here.');
    showConnection('offline', 'Not working');
    notice(problem);
    return;
  }
  wireSound();
  app.settings = await loadSettings();
  $('door').textContent = app.settings.device.name;
  chooseUser();
  if (!app.user) {
    show('offline', 'The door has no contacts yet.');
    return;
  }
  app.phone = new Phone(app.settings, events);
  wireButtons();
  await logIn(`Log in as ${nameOf(app.user)}.`);
}

start();
