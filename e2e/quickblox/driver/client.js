'use strict';
// window.client: the real SDK with its listeners reported to the driver and a
// few calls for tests. `report` comes from the driver, QB from the SDK's file.
(function () {
  const seen = new Map(); // session id → session, kept after the SDK forgets it
  let current = null;
  let frameRate = 10;

  const plain = (value) => {
    try { return JSON.parse(JSON.stringify(value)); } catch { return null; }
  };
  const describe = (session) => (session && typeof session === 'object'
    ? { id: session.ID, state: session.state, initiator: Number(session.initiatorID), opponents: (session.opponentsIDs || []).map(Number), callType: Number(session.callType) }
    : { id: session === undefined || session === null ? '' : String(session) });
  const emit = (event, data) => window.report(event, Date.now(), data || {});

  function remember(session) {
    seen.set(session.ID, session);
    current = session;
  }

  function listenToCalls(webrtc) {
    const told = (event) => (session, user, extension) =>
      emit(event, { session: describe(session), user: Number(user), extension: plain(extension) });
    webrtc.onCallListener = (session, extension) => {
      remember(session);
      emit('onCallListener', { session: describe(session), user: Number(session.initiatorID), extension: plain(extension) });
    };
    webrtc.onAcceptCallListener = told('onAcceptCallListener');
    webrtc.onRejectCallListener = told('onRejectCallListener');
    webrtc.onStopCallListener = told('onStopCallListener');
    webrtc.onUpdateCallListener = told('onUpdateCallListener');
    webrtc.onUserNotAnswerListener = told('onUserNotAnswerListener');
    webrtc.onInvalidEventsListener = (signal, session, user, extension) =>
      emit('onInvalidEventsListener', { signal, session: describe(session), user: Number(user), extension: plain(extension) });
    webrtc.onSessionCloseListener = (session) => emit('onSessionCloseListener', { session: describe(session) });
  }

  function listenToConnections(webrtc) {
    webrtc.onRemoteStreamListener = (session, user, stream) => {
      window.measure.watch(Number(user), stream, () => peerConnection(session, user));
      emit('onRemoteStreamListener', { session: describe(session), user: Number(user), kinds: stream.getTracks().map((track) => track.kind) });
    };
    webrtc.onSessionConnectionStateChangedListener = (session, user, state) =>
      emit('onSessionConnectionStateChangedListener', { session: describe(session), user: Number(user), state: String(state) });
    webrtc.onReconnectListener = (session, user, state) =>
      emit('onReconnectListener', { session: describe(session), user: Number(user), state: String(state) });
  }

  function peerConnection(session, user) {
    const peer = session.peerConnections && session.peerConnections[user];
    return peer ? peer._pc || peer : null;
  }

  function find(id) {
    const session = id ? seen.get(id) : current;
    if (!session) throw new Error(`no session ${id || ''}`);
    return session;
  }

  // Steady tones are what noise suppression removes, so all processing is off.
  function media(session) {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const video = session.callType === 2 ? false : { width: 320, height: 240, frameRate };
    return new Promise((resolve, reject) => {
      session.getUserMedia({ audio, video, options: { muted: true }, elemId: 'local' },
        (error, stream) => (error ? reject(new Error(`getUserMedia: ${error.message || error}`)) : resolve(stream)));
    });
  }

  window.client = {
    setFrameRate(rate) { frameRate = rate; },

    // Connects to the XMPP server; resolves to the own JID.
    connect(user, password, config) {
      QB.init(7, 'key', 'secret', 'account', config);
      listenToCalls(QB.webrtc);
      listenToConnections(QB.webrtc);
      QB.chat.onDisconnectedListener = () => emit('chat.onDisconnectedListener');
      QB.chat.onReconnectListener = () => emit('chat.onReconnectListener');
      return new Promise((resolve, reject) => {
        QB.chat.connect({ userId: user, password }, (error) =>
          (error ? reject(new Error(`connect: ${JSON.stringify(error)}`)) : resolve(QB.chat.connection.jid)));
      });
    },

    async call(opponents, callType, extension, bandwidth) {
      const session = QB.webrtc.createNewSession(opponents, callType, null, bandwidth ? { bandwidth } : undefined);
      remember(session);
      await media(session);
      session.call(extension || {}, () => {});
      return session.ID;
    },

    // The moment of answering is after the camera is open, as in an app that
    // opens it while ringing.
    async accept(extension, id) {
      const session = find(id);
      await media(session);
      emit('accepting', { session: describe(session) });
      session.accept(extension || {});
    },

    // For two clients that answer at the same moment: the camera first.
    prepare(id) { return media(find(id)); },
    async acceptAt(moment, id) {
      const session = find(id);
      await new Promise((resolve) => { setTimeout(resolve, moment - Date.now()); });
      emit('accepting', { session: describe(session) });
      session.accept({});
    },

    reject(extension, id) { find(id).reject(extension || {}); },
    stop(extension, id) { find(id).stop(extension || {}); },
    update(extension, id) { find(id).update({ userInfo: extension }); },
    mute(kind, id) { find(id).mute(kind); },
    unmute(kind, id) { find(id).unmute(kind); },
    state(id) { return find(id).state; },

    // What the SDK holds now: session states and each peer's ICE state.
    sessions() {
      return Object.values(QB.webrtc.sessions).map((session) => ({
        ...describe(session),
        peers: Object.keys(session.peerConnections).map((user) => {
          const pc = peerConnection(session, user);
          return { user: Number(user), ice: pc ? pc.iceConnectionState : '', signaling: pc ? pc.signalingState : '' };
        }),
      }));
    },
  };
})();
