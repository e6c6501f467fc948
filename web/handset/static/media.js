// What a call sends: microphone and camera, or stand-ins for them; and the bell.

/** Why a device could not be opened, in plain words. */
const REASONS = {
  NotAllowedError: 'is blocked. Allow it in the address bar of the browser',
  NotFoundError: 'was not found',
  NotReadableError: 'is in use by another program',
};

function reason(device, error) {
  return `The ${device} ${REASONS[error.name] || `does not work (${error.name})`}.`;
}

async function open(constraints) {
  if (!navigator.mediaDevices) throw new DOMException('no devices', 'NotFoundError');
  return navigator.mediaDevices.getUserMedia(constraints);
}

/** A track that says nothing: it keeps a call possible without a microphone. */
function silence(context) {
  return context.createMediaStreamDestination().stream.getAudioTracks()[0];
}

/**
 * A black picture, sent once. The offer then has a place for video, by which
 * the door sends its own; the SDK takes that place from the local tracks only.
 */
function blank() {
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 180;
  const picture = canvas.getContext('2d');
  const stream = canvas.captureStream(1);
  picture.fillRect(0, 0, canvas.width, canvas.height);
  return stream.getVideoTracks()[0];
}

/**
 * Opens what a call sends: always a track of each kind.
 * @param {AudioContext} context makes the silence
 * @param {boolean} camera whether to show the own camera
 * @returns {Promise<{stream: MediaStream, silent: boolean, problems: string[]}>}
 */
export async function openMedia(context, camera) {
  const problems = [];
  const one = async (device, constraints, instead) => {
    try {
      return (await open(constraints)).getTracks()[0];
    } catch (error) {
      problems.push(reason(device, error));
      return instead();
    }
  };
  let silent = false;
  const audio = await one('microphone', { audio: { echoCancellation: true, noiseSuppression: true } }, () => {
    silent = true;
    return silence(context);
  });
  const video = camera
    ? await one('camera', { video: { width: { ideal: 640 }, height: { ideal: 480 } } }, blank)
    : blank();
  if (silent) problems.push('You can see and hear the door, but it cannot hear you.');
  return { stream: new MediaStream([audio, video]), silent, problems };
}

/** The bell: a chime of two tones, again and again until stopped. */
export class Bell {
  constructor(context) {
    this.context = context;
    this.timer = null;
  }

  start() {
    this.stop();
    this.chime();
    this.timer = setInterval(() => this.chime(), 2500);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    if (navigator.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate(0);
  }

  chime() {
    if (navigator.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate([300, 150, 300]);
    if (this.context.state !== 'running') return; // the browser waits for a touch
    const now = this.context.currentTime;
    this.tone(659.3, now, 0.9);
    this.tone(523.3, now + 0.55, 1.4);
  }

  /** One struck tone with its first overtone, dying away. */
  tone(frequency, at, length) {
    for (const [factor, loudness] of [[1, 0.35], [2.01, 0.08]]) {
      const source = new OscillatorNode(this.context, { frequency: frequency * factor });
      const gain = new GainNode(this.context, { gain: 0 });
      gain.gain.setValueAtTime(0.0001, at);
      gain.gain.exponentialRampToValueAtTime(loudness, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, at + length);
      source.connect(gain).connect(this.context.destination);
      source.start(at);
      source.stop(at + length);
    }
  }
}
