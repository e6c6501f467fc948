'use strict';
// Loaded into a page that is not ours: window.client can only look at the
// page's own picture, the video element #remote.
window.client = {
  watchRemote(user) {
    const video = document.getElementById('remote');
    window.measure.watch(user, video.srcObject, () => null, video);
  },
};
