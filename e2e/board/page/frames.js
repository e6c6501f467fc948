'use strict';
// Loaded before the SDK: reports what arrives of a remote picture before it is
// decoded. For each encoded frame the page reports the event "encoded" with the
// SHA-256 of each slice (NAL unit types 1 and 5, without start code) as its
// text, separated by spaces. Parameter sets are left out: Chromium rewrites
// them.
(function () {
  function* units(data) {
    let begin = -1;
    for (let i = 0; i + 2 < data.length; i++) {
      if (data[i] || data[i + 1] || data[i + 2] !== 1) continue;
      if (begin >= 0) yield data.subarray(begin, data[i - 1] === 0 ? i - 1 : i);
      begin = i + 3;
      i += 2;
    }
    if (begin >= 0) yield data.subarray(begin);
  }

  async function hash(unit) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', unit));
    return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
  }

  // The bytes are copied before the frame goes on; hashing does not hold it up.
  const look = () => new TransformStream({
    transform(frame, controller) {
      const slices = [...units(new Uint8Array(frame.data))].filter((u) => [1, 5].includes(u[0] & 31)).map((u) => u.slice());
      Promise.all(slices.map(hash)).then((text) => window.report('encoded', Date.now(), { text: text.join(' ') }));
      controller.enqueue(frame);
    },
  });

  // With encoded streams every sender and receiver needs its pipe.
  function pipe(end, through) {
    const { readable, writable } = end.createEncodedStreams();
    (through ? readable.pipeThrough(through) : readable).pipeTo(writable);
  }

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration, ...rest) {
      super({ ...configuration, encodedInsertableStreams: true }, ...rest);
      this.addEventListener('track', ({ track, receiver }) => pipe(receiver, track.kind === 'video' ? look() : null));
    }

    addTrack(...args) {
      const sender = super.addTrack(...args);
      pipe(sender);
      return sender;
    }
  };
})();
