'use strict';
// window.measure: what a remote stream shows and sounds like, reported as the
// event "media" five times a second for each user watched:
//   video: presented frames, how often the picture changed, brightness 0…255,
//          size in pixels; by getStats, where the connection is at hand: frames decoded, frames
//     sent to the user, codec, playout (ms since 1900 of the frame shown now, by
//     the sender's clock; 0 is not known)
//   audio: level of each test tone in dBFS and its height in dB above the
//          spectrum beside it
// and once per stream as "first-frame" when the first picture is presented, and
// as "picture-back" when a user's picture comes after a pause, or is the first of
// a stream that follows another, however short the pause was; with the length of
// the pause in ms.
(function () {
  const tones = [440, 880, 1320, 1760];
  const watched = new Map();
  const pause = 200; // ms without a picture that are told of one stream
  const lastShown = new Map(); // user → when the last picture was shown
  let sound = null;

  // A 32×24 copy of the picture, with the noise of coding cut off.
  function look(video, canvas, state) {
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let hash = 2166136261;
    let sum = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      sum += (pixels[i] + pixels[i + 1] + pixels[i + 2]) / 3;
      for (let c = 0; c < 3; c++) hash = Math.imul(hash ^ (pixels[i + c] >> 3), 16777619);
    }
    state.brightness = Math.round((sum * 4) / pixels.length);
    if (hash !== state.hash) state.changes++;
    state.hash = hash;
  }

  function show(stream) {
    const video = document.createElement('video');
    Object.assign(video, { muted: true, autoplay: true, playsInline: true, srcObject: stream });
    document.getElementById('remotes').appendChild(video);
    return video;
  }

  // received is when the frame came from the network, on performance.now's clock.
  function tellPause(user, received, first) {
    const now = Date.now();
    const before = lastShown.get(user);
    lastShown.set(user, now);
    if (before === undefined) return;
    const gap = now - before;
    if (first || gap >= pause) window.report('picture-back', now, { user, gap, received: performance.timeOrigin + received });
  }

  function watchVideo(user, video, state) {
    const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 24 });
    const each = (_, frame) => {
      // A track that ends shows a black picture, which came over no network.
      if (frame.receiveTime !== undefined) {
        tellPause(user, frame.receiveTime, !state.received);
        state.received = true;
      }
      if (state.presented++ === 0) window.report('first-frame', Date.now(), { user });
      state.width = video.videoWidth;
      state.height = video.videoHeight;
      look(video, canvas, state);
      if (watched.get(user) && watched.get(user).video === state) video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
  }

  function watchAudio(stream) {
    sound = sound || new AudioContext();
    const analyser = sound.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    sound.createMediaStreamSource(stream).connect(analyser);
    return analyser;
  }

  function toneLevels(analyser) {
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(spectrum);
    const bin = sound.sampleRate / analyser.fftSize;
    const at = (from, to) => Array.from(spectrum.slice(Math.floor(from / bin), Math.ceil(to / bin) + 1), (v) => Math.max(v, -200));
    const levels = {};
    for (const tone of tones) {
      const level = Math.max(...at(tone - 8, tone + 8));
      const beside = at(tone - 200, tone - 60).concat(at(tone + 60, tone + 200)).sort((a, b) => a - b);
      levels[tone] = { level, above: level - beside[beside.length >> 1] };
    }
    return levels;
  }

  async function statistics(pc) {
    const found = { decoded: 0, sent: 0, videoCodec: '', audioCodec: '', videoPlayout: 0, audioPlayout: 0 };
    const report = await pc.getStats();
    report.forEach((entry) => {
      if (entry.type === 'outbound-rtp' && entry.kind === 'video') found.sent = entry.framesSent || 0;
      if (entry.type !== 'inbound-rtp') return;
      const codec = report.get(entry.codecId);
      const name = codec ? codec.mimeType.split('/')[1] : '';
      const playout = entry.estimatedPlayoutTimestamp || 0;
      if (entry.kind === 'video') Object.assign(found, { decoded: entry.framesDecoded || 0, videoCodec: name, videoPlayout: playout });
      else Object.assign(found, { audioCodec: name, audioPlayout: playout });
    });
    return found;
  }

  async function tell(user, entry) {
    const { presented, changes, brightness, width, height } = entry.video;
    const pc = entry.connection();
    const found = pc ? await statistics(pc) : { decoded: presented, sent: 0, videoCodec: '', audioCodec: '', videoPlayout: 0, audioPlayout: 0 };
    const { decoded, sent, videoCodec, audioCodec, videoPlayout, audioPlayout } = found;
    window.report('media', Date.now(), {
      user,
      video: { presented, changes, brightness, width, height, decoded, sent, codec: videoCodec, playout: videoPlayout },
      audio: { codec: audioCodec, playout: audioPlayout, tones: entry.analyser ? toneLevels(entry.analyser) : {} },
    });
  }

  window.measure = {
    // watch replaces what was watched of this user before. The stream is shown
    // in a video element of its own unless the page already shows it in one.
    watch(user, stream, connection, shown) {
      const before = watched.get(user);
      if (before) {
        clearInterval(before.timer);
        if (before.element) before.element.remove();
      }
      const video = { presented: 0, changes: 0, brightness: 0, width: 0, height: 0, hash: 0, received: false };
      const entry = { video, connection, analyser: stream.getAudioTracks().length ? watchAudio(stream) : null };
      watched.set(user, entry);
      // The element also pulls the sound: without one Chromium leaves a remote
      // track's samples unread.
      entry.element = shown ? null : show(stream);
      watchVideo(user, shown || entry.element, video);
      entry.timer = setInterval(() => tell(user, entry).catch(() => {}), 200);
    },
  };
})();
