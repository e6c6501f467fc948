// The telephone: the QuickBlox SDK, reduced to one call at a time.

/* global QB */

/** Thrown by connect if name and password are not accepted. */
export class LoginError extends Error {}

/**
 * What a Phone tells; each is a method of the object given to the constructor.
 * @typedef {Object} PhoneEvents
 * @property {function(): void} online        connected again after a loss
 * @property {function(): void} lost          the connection is lost; the SDK tries again by itself
 * @property {function(): void} loggedOut     the server does not accept the password any more
 * @property {function(number): void} ringing a user calls
 * @property {function(): void} accepted      the called user answered
 * @property {function(number, MediaStream): void} stream  picture and sound of a user
 * @property {function(number): void} left    a user has left the call
 * @property {function(string): void} health  connected, weak or broken: the way to the other side
 * @property {function(string): void} ended   the call is over: stopped, rejected, unanswered, missed or closed
 */

export class Phone {
  /**
   * @param {Object} settings /config.json
   * @param {PhoneEvents} events
   */
  constructor(settings, events) {
    this.settings = settings;
    this.events = events;
    this.session = null;
    this.outcome = '';
    this.unattended = false; // the SDK connects by itself, without connect's caller
    const secure = location.protocol === 'https:';
    QB.init(settings.app_id, 'handset', 'handset', 'handset', {
      debug: { mode: 0 },
      // Both must differ from the SDK's defaults, or it asks the cloud first.
      endpoints: { api: `api.${settings.domain}`, chat: settings.domain },
      chatProtocol: { active: 2, websocket: `${secure ? 'wss' : 'ws'}://${location.host}${settings.websocket}` },
      webrtc: { iceServers: [] },
    });
    this.listenToChat();
    this.listenToCalls();
  }

  /** Logs in; resolves when online. The SDK goes on trying if nobody answers. */
  connect(userId, password) {
    this.unattended = false;
    return new Promise((resolve, reject) => {
      QB.chat.connect({ userId, password }, (error) => {
        this.unattended = error?.code !== 401;
        if (!error) {
          resolve();
        } else if (error.code === 401) {
          QB.chat.disconnect(); // or it would try the same password for ever
          reject(new LoginError('name or password not accepted'));
        } else {
          this.events.lost();
        }
      });
    });
  }

  listenToChat() {
    QB.chat.onDisconnectedListener = () => this.events.lost();
    QB.chat.onReconnectListener = () => this.events.online();
    QB.chat.onReconnectFailedListener = () => { // also after connect's own error
      QB.chat.disconnect();
      if (this.unattended) this.events.loggedOut();
    };
  }

  // The SDK copies the listeners into each session: they must be there first.
  listenToCalls() {
    const ours = (f) => (session, ...rest) => {
      if (this.session && session && session.ID === this.session.ID) f(...rest);
    };
    QB.webrtc.onCallListener = (session) => {
      if (this.session) return; // the SDK rejects it as busy
      this.begin(session, 'missed');
      this.events.ringing(session.initiatorID);
    };
    QB.webrtc.onAcceptCallListener = ours(() => {
      this.outcome = 'stopped';
      this.events.accepted();
    });
    QB.webrtc.onRejectCallListener = ours(() => { this.outcome = 'rejected'; });
    QB.webrtc.onStopCallListener = ours((user) => {
      if (this.outcome !== 'missed') this.outcome = 'stopped';
      this.events.left(user);
    });
    QB.webrtc.onUserNotAnswerListener = ours(() => { this.outcome = 'unanswered'; });
    QB.webrtc.onRemoteStreamListener = ours((user, stream) => this.events.stream(user, stream));
    QB.webrtc.onSessionConnectionStateChangedListener = ours((user, state) => this.connectionChanged(state));
    QB.webrtc.onReconnectListener = ours((user, state) => {
      if (state === 'failed') this.outcome = 'broken';
      this.events.health(state === 'reconnecting' ? 'broken' : 'connected');
    });
    QB.webrtc.onSessionCloseListener = ours(() => this.end());
    QB.webrtc.onInvalidEventsListener = () => {};
    QB.webrtc.onUpdateCallListener = () => {};
  }

  connectionChanged(state) {
    const states = QB.webrtc.SessionConnectionState;
    if (state === states.CONNECTED || state === states.COMPLETED) this.events.health('connected');
    if (state === states.DISCONNECTED) this.events.health('weak');
    if (state === states.FAILED) this.events.health('broken');
  }

  begin(session, outcome) {
    this.session = session;
    this.outcome = outcome;
  }

  /** Calls a user, sending the stream. */
  call(userId, stream) {
    this.begin(QB.webrtc.createNewSession([userId], QB.webrtc.CallType.VIDEO), 'closed');
    this.session.localStream = stream;
    this.session.call({}, () => {});
  }

  /** Answers the ringing call, sending the stream. */
  answer(stream) {
    this.outcome = 'stopped';
    this.session.localStream = stream;
    this.session.accept({});
  }

  reject() {
    this.outcome = 'closed';
    this.session.reject({});
  }

  hangUp() {
    this.outcome = 'closed';
    this.session.stop({});
  }

  mute(on) {
    if (on) this.session.mute('audio');
    else this.session.unmute('audio');
  }

  /** True while a call rings, is dialled or is up. */
  get busy() {
    return this.session !== null;
  }

  end() {
    const { session, outcome } = this;
    this.session = null;
    session.localStream?.getTracks().forEach((track) => track.stop());
    this.events.ended(outcome);
  }
}
