'use strict';
// Loaded before the SDK: a browser that knows H.264 and no other video codec.
// What it does not know is neither in its own descriptions nor seen in those of
// others (libwebrtc would send the first codec of an offer that it knows, even
// one that its answer has refused).
(function () {
  const keep = ['h264', 'rtx', 'red', 'ulpfec'];
  const known = (name) => keep.includes(name.toLowerCase());

  function prefer(pc) {
    const codecs = RTCRtpReceiver.getCapabilities('video').codecs.filter((codec) => known(codec.mimeType.split('/')[1]));
    for (const transceiver of pc.getTransceivers()) {
      if (transceiver.receiver.track.kind === 'video') transceiver.setCodecPreferences(codecs);
    }
  }

  function stripSection(section) {
    if (!section.startsWith('m=video')) return section;
    const unknown = new Set();
    for (const [, payload, name] of section.matchAll(/^a=rtpmap:(\d+) ([^/\r\n]+)/gm)) {
      if (!known(name)) unknown.add(payload);
    }
    return section.split(/\r?\n/).filter((line) => {
      const match = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /.exec(line);
      return !match || !unknown.has(match[1]);
    }).map((line) => {
      if (!line.startsWith('m=')) return line;
      const fields = line.split(' ');
      return fields.slice(0, 3).concat(fields.slice(3).filter((payload) => !unknown.has(payload))).join(' ');
    }).join('\r\n');
  }

  const strip = (sdp) => sdp.split(/^(?=m=)/m).map(stripSection).join('');

  const prototype = RTCPeerConnection.prototype;
  for (const name of ['createOffer', 'createAnswer']) {
    const original = prototype[name];
    prototype[name] = function (...args) {
      prefer(this);
      return original.apply(this, args);
    };
  }
  const setRemote = prototype.setRemoteDescription;
  prototype.setRemoteDescription = function (description, ...rest) {
    return setRemote.call(this, { type: description.type, sdp: strip(description.sdp) }, ...rest);
  };
})();
