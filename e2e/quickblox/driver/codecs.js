'use strict';
// Loaded before the SDK: a browser that knows H.264 and no other video codec.
(function () {
  const keep = ['video/h264', 'video/rtx', 'video/red', 'video/ulpfec'];
  const only = (pc) => {
    const codecs = RTCRtpReceiver.getCapabilities('video').codecs.filter((codec) => keep.includes(codec.mimeType.toLowerCase()));
    for (const transceiver of pc.getTransceivers()) {
      if (transceiver.receiver.track.kind === 'video') transceiver.setCodecPreferences(codecs);
    }
  };
  for (const name of ['createOffer', 'createAnswer']) {
    const original = RTCPeerConnection.prototype[name];
    RTCPeerConnection.prototype[name] = function (...args) {
      only(this);
      return original.apply(this, args);
    };
  }
})();
