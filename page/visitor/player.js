/* The presenter in the browser: an idle loop, and above it one film for each reply.
 * It speaks version 1 of the wire protocol as a player (docs/protocol.md). */

const START_BUFFER = 0.3; // s of media before playing begins; less freezes the first picture
const TICK = 50; // ms
const REPORT_EVERY = 250; // ms between two "played" messages
const READING = 6000; // ms for a line of text
const FADE = 150; // ms, as in player.css
const BACKOFF = [500, 1000, 2000, 4000, 5000]; // ms before each try to reconnect
const PING_EVERY = 10_000; // ms
const SILENCE = 25_000; // ms without any message, after which the connection counts as dead
const VOLUME = 0.8; // before anybody wishes it otherwise
const RATES = [0.7, 0.85, 1, 1.15, 1.3]; // of speech
const SCALES = [0.85, 1, 1.25, 1.5, 1.8]; // of text
const TAKEN_OVER = 4001; // close code: another player has this session now

// iPhones only have the managed kind.
const Source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;

// Milliseconds; the time of day would jump when somebody sets the clock.
const now = () => performance.now();
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** A websocket that comes back by itself. */
class Link {
  constructor(url, { onOpen, onMessage, onLost }) {
    Object.assign(this, { url, onOpen, onMessage, onLost, failures: 0 });
    this.watch = setInterval(() => this.check(), PING_EVERY);
    this.connect();
  }

  connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.onOpen();
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.failures = 0;
      this.heard = now();
      this.onMessage(data);
    };
    socket.onclose = ({ code }) => this.lose(socket, code);
    this.heard = now();
    this.socket = socket;
  }

  lose(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.onLost(code);
    if (code === TAKEN_OVER) return;
    const wait = BACKOFF[Math.min(this.failures++, BACKOFF.length - 1)];
    this.retry = setTimeout(() => this.connect(), wait);
  }

  /** A cable that was pulled says nothing: give up a connection on which pings stay unanswered. */
  check() {
    if (this.socket && now() - this.heard > SILENCE) {
      const { socket } = this;
      this.lose(socket, 0);
      socket.close();
    }
    this.send({ type: "ping" });
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  close() {
    clearInterval(this.watch);
    clearTimeout(this.retry);
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }
}

/** One reply: its captions and fragments, and the MediaSource that plays them. */
class Film {
  constructor(id) {
    Object.assign(this, { id, captions: [], parts: [], nFrames: 0, loopFrame: 0, complete: false });
  }

  /** Play in `video` from a new MediaSource, from the beginning. */
  attach(video) {
    const source = new Source();
    const url = URL.createObjectURL(source);
    Object.assign(this, { video, source, buffer: null, waiting: [...this.parts] });
    source.addEventListener("sourceopen", () => {
      URL.revokeObjectURL(url);
      if (this.source !== source) return;
      this.buffer = source.addSourceBuffer(this.mime);
      this.buffer.addEventListener("updateend", () => this.pump());
      this.pump();
    }, { once: true });
    video.disableRemotePlayback = true; // a managed MediaSource opens only then
    video.src = url;
  }

  detach() {
    if (!this.video) return;
    this.video.removeAttribute("src");
    this.video.load();
    this.video = this.source = this.buffer = this.waiting = null;
  }

  add(part) {
    this.parts.push(part);
    this.waiting?.push(part);
    this.pump();
  }

  finish() {
    this.complete = true;
    this.pump();
  }

  pump() {
    if (!this.buffer || this.buffer.updating || this.source.readyState !== "open") return;
    if (this.waiting.length) this.buffer.appendBuffer(this.waiting.shift());
    else if (this.complete) this.source.endOfStream();
  }

  /** Whether there is enough to begin with. */
  get isReady() {
    const { buffered } = this.video;
    const ahead = buffered.length ? buffered.end(buffered.length - 1) : 0;
    return ahead >= START_BUFFER || (this.complete && ahead > 0);
  }

  captionAt(ms) {
    return this.captions.findLast((caption) => caption.start <= ms)?.text ?? "";
  }
}

/** What the visitor sees and presses. */
class Player {
  constructor(root) {
    this.root = root;
    this.ui = Object.fromEntries(["idle", "talk", "caption", "notice", "unlock", "badge", "label",
      "stop", "replay", "captions", "sound"].map((part) => [part, root.querySelector(`.${part}`)]));
    const { ui } = this;
    ui.idle.muted = true; // autoplay looks at the property
    ui.talk.volume = VOLUME;
    ui.talk.addEventListener("ended", () => this.leave("idle", this.film?.nFrames));
    // After every jump of the loop: the server begins a reply where the loop is.
    for (const event of ["playing", "seeked"])
      ui.idle.addEventListener(event, () => this.tellIdle());
    ui.stop.onclick = () => this.halt();
    ui.replay.onclick = () => this.playAgain();
    ui.sound.onclick = () => { ui.talk.muted = !ui.talk.muted; this.nameParts(); };
    ui.captions.onclick = () => { root.classList.toggle("no-captions"); this.nameParts(); };
    this.onGesture = () => { if (!ui.unlock.hidden) this.begin(); };
    document.addEventListener("pointerup", this.onGesture);
    document.addEventListener("keydown", this.onGesture);
  }

  /** Take new data from the page: its language, and on the first call the address. */
  update({ server_url, port, session, token, language, texts, cookie, keep_seconds }) {
    this.texts = texts;
    document.documentElement.lang = language;
    this.nameParts();
    if (this.link) {
      this.say(this.said);
      return;
    }
    const isSecure = location.protocol === "https:";
    const scheme = isSecure ? "wss" : "ws";
    // 0 seconds delete it: then a session ends with its page.
    document.cookie = `${cookie}=${session}; Max-Age=${keep_seconds}; Path=/; SameSite=Strict${
      isSecure ? "; Secure" : ""}`;
    const url = new URL(server_url ?? `${scheme}://${location.hostname}:${port}/v1`);
    url.search = new URLSearchParams({ session, role: "play", ...(token && { token }) });
    this.say("connecting");
    this.link = new Link(url, {
      onOpen: () => this.tellIdle(),
      onMessage: (data) => (typeof data === "string"
        ? this.hear(JSON.parse(data)) : this.take(data)),
      onLost: (code) => this.goOffline(code),
    });
  }

  close() {
    this.link?.close();
    clearInterval(this.ticker);
    this.film?.detach();
    URL.revokeObjectURL(this.ui.idle.src);
    document.removeEventListener("pointerup", this.onGesture);
    document.removeEventListener("keydown", this.onGesture);
  }

  // What the server says

  hear(message) {
    const { type, reply } = message;
    if (type === "hello") this.greet(message);
    else if (type === "started") this.expect(reply);
    else if (!reply || this.film?.id !== reply) return; // of a reply that was cut off
    else if (type === "sentence" && message.start_ms !== null)
      this.film.captions.push({ start: message.start_ms, text: message.text });
    else if (type === "answer") this.heed(message.act);
    else if (type === "ended") this.finish(message.interrupted);
    else if (type === "error") this.finish(false);
    else if (type === "notice") this.tell(message.message);
  }

  greet({ presenter, label }) {
    this.fps = presenter.fps;
    this.isOnline = true;
    this.root.style.setProperty("--ratio", `${presenter.width} / ${presenter.height}`);
    this.root.dataset.state = "idle";
    this.presenter = { title: presenter.title, label };
    this.nameParts();
    this.say(Source ? null : "unsupported");
  }

  goOffline(code) {
    this.isOnline = false;
    this.leave("offline");
    this.root.dataset.state = "offline";
    this.say(code === TAKEN_OVER ? "taken_over" : "reconnecting");
    this.nameParts();
  }

  /** A binary message: the length of its header, the header, the payload. */
  take(data) {
    const length = new DataView(data).getUint32(0);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    const payload = new Uint8Array(data, 4 + length);
    if (header.kind === "idle") this.loop(header, payload);
    else if (Source && this.film?.id === header.reply) {
      this.film.nFrames += header.frames;
      this.film.add(payload);
      if (header.kind === "init") this.open(header);
    }
  }

  loop({ frames, mime }, payload) {
    const { idle } = this.ui;
    if (idle.dataset.bytes === String(payload.length)) return; // the one we have
    idle.dataset.bytes = payload.length;
    this.nLoopFrames = frames;
    URL.revokeObjectURL(idle.src);
    idle.src = URL.createObjectURL(new Blob([payload], { type: mime }));
    idle.play().catch(() => {});
  }

  /** Do what the visitor wishes of the sound and the text. */
  heed(act) {
    const { talk } = this.ui;
    const style = document.documentElement.style;
    const next = (steps, now, by) => {
      const place = steps.findIndex((step) => step >= now);
      return steps[Math.min(Math.max(place + by, 0), steps.length - 1)];
    };
    const scale = () => Number(style.getPropertyValue("--zw-text-scale")) || 1;
    const speak = (rate) => { talk.defaultPlaybackRate = rate; talk.playbackRate = rate; };
    const resize = (by) => style.setProperty("--zw-text-scale", next(SCALES, scale(), by));
    const wishes = {
      slower: () => speak(next(RATES, talk.defaultPlaybackRate, -1)),
      faster: () => speak(next(RATES, talk.defaultPlaybackRate, 1)),
      louder: () => { talk.muted = false; talk.volume = Math.min(1, talk.volume + 0.2); },
      softer: () => { talk.volume = Math.max(0.2, talk.volume - 0.2); },
      larger: () => resize(1),
      smaller: () => resize(-1),
    };
    wishes[act]?.();
    this.nameParts();
  }

  // The life of a reply

  expect(reply) {
    this.leave("idle");
    this.film = new Film(reply);
    this.last = null;
    this.isReplay = false;
    this.nameParts();
  }

  open({ mime, loop_frame }) {
    if (!Source.isTypeSupported(mime)) {
      this.leave("idle");
      this.say("unsupported");
      return;
    }
    Object.assign(this.film, { mime, loopFrame: loop_frame });
    this.roll();
    this.report();
  }

  /** Start the clockwork for the film there is. */
  roll() {
    this.hasBegun = false;
    this.film.attach(this.ui.talk);
    clearInterval(this.ticker);
    this.ticker = setInterval(() => this.tick(), TICK);
    this.nameParts();
  }

  tick() {
    const { film, root, ui: { talk, idle, caption, unlock } } = this;
    if (talk.error) {
      this.leave("idle");
      this.say("broken");
      return;
    }
    if (!this.hasBegun && unlock.hidden && film.isReady) this.begin();
    if (talk.currentTime === 0) return;
    if (!root.classList.contains("talking")) {
      root.classList.add("talking");
      root.dataset.state = "talking";
      root.dataset.replies = Number(root.dataset.replies) + 1;
      this.say(null);
      // Under cover nobody sees the loop: spare the decoder.
      setTimeout(() => { if (root.classList.contains("talking")) idle.pause(); }, 2 * FADE);
    }
    const text = film.captionAt(talk.currentTime * 1000);
    if (caption.textContent !== text) caption.textContent = text;
    if (now() - this.reported >= REPORT_EVERY) this.report();
  }

  begin() {
    const { talk, unlock } = this.ui;
    this.hasBegun = true;
    unlock.hidden = true;
    talk.play().catch((error) => {
      if (error.name !== "NotAllowedError") return; // it was stopped meanwhile
      this.hasBegun = false;
      unlock.hidden = false;
    });
  }

  report() {
    this.reported = now();
    if (this.isReplay) return;
    const position_ms = Math.round(this.ui.talk.currentTime * 1000);
    this.link.send({ type: "played", reply: this.film.id, position_ms });
  }

  finish(interrupted) {
    if (interrupted || !this.film.source) this.leave("idle");
    else this.film.finish();
  }

  halt() {
    this.ui.talk.pause();
    this.link.send({ type: "stop" });
    this.leave("stopped");
  }

  playAgain() {
    this.film = this.last;
    this.isReplay = true;
    this.roll();
  }

  /** Back to the idle loop, at the picture that follows the last one shown. */
  async leave(state, nFrames) {
    const { film, root, ui: { talk, idle, caption, unlock } } = this;
    if (!film) return;
    clearInterval(this.ticker);
    talk.pause();
    const shown = nFrames ?? Math.round(talk.currentTime * this.fps);
    this.film = null;
    this.last = film.complete ? film : null;
    caption.textContent = "";
    unlock.hidden = true;
    root.dataset.state = state;
    this.nameParts();
    if (root.classList.contains("talking")) {
      await this.turnLoopTo(film.loopFrame + shown);
      root.classList.remove("talking");
      idle.play().catch(() => {});
      await pause(FADE);
    }
    if (!this.film) film.detach();
  }

  /** Seek the loop while the film still covers it. */
  turnLoopTo(frame) {
    if (!this.nLoopFrames) return null;
    const { idle } = this.ui;
    const turned = new Promise((done) => { idle.addEventListener("seeked", done, { once: true }); });
    idle.currentTime = (frame % this.nLoopFrames) / this.fps;
    return Promise.race([turned, pause(2 * FADE)]);
  }

  tellIdle() {
    const { idle } = this.ui;
    if (!idle.paused)
      this.link.send({ type: "idle", position_ms: Math.round(idle.currentTime * 1000) });
  }

  // What is written

  /** Show one of the texts over the picture, or none. */
  say(key) {
    const { notice } = this.ui;
    this.said = key;
    notice.hidden = !key;
    notice.textContent = key ? this.texts[key] : "";
    notice.classList.toggle("busy", key === "connecting" || key === "reconnecting");
  }

  /** Show what the server has to say over the picture, for as long as one needs to read it. */
  async tell(words) {
    const { notice } = this.ui;
    notice.hidden = false;
    notice.textContent = words;
    await pause(READING);
    if (notice.textContent === words) this.say(this.said);
  }

  nameParts() {
    const { texts, root, ui, presenter } = this;
    root.setAttribute("aria-label", texts.presenter);
    ui.unlock.textContent = texts.unlock;
    ui.badge.textContent = texts.ai;
    // The presenter's own mark must be shown as it is; often it is the badge's very text.
    const title = presenter?.title?.[document.documentElement.lang];
    const label = presenter?.label === texts.ai ? null : presenter?.label;
    ui.label.textContent = [title, label].filter(Boolean).join(" · ");
    const name = (button, text) => {
      button.title = text;
      button.setAttribute("aria-label", text);
      const words = button.querySelector("span");
      if (words) words.textContent = text;
    };
    const hasCaptions = !root.classList.contains("no-captions");
    ui.sound.setAttribute("aria-pressed", String(!ui.talk.muted));
    ui.captions.setAttribute("aria-pressed", String(hasCaptions));
    name(ui.sound, ui.talk.muted ? texts.unmute : texts.mute);
    name(ui.captions, hasCaptions ? texts.hide_captions : texts.show_captions);
    name(ui.stop, texts.stop);
    name(ui.replay, texts.replay);
    ui.stop.hidden = !this.film;
    ui.replay.hidden = !(this.last && !this.film && this.isOnline);
  }
}

const players = new WeakMap(); // Streamlit calls the export again whenever its data changes

export default function mount({ data, parentElement }) {
  if (!players.has(parentElement))
    players.set(parentElement, new Player(parentElement.querySelector(".player")));
  players.get(parentElement).update(data);
  return () => {
    players.get(parentElement)?.close();
    players.delete(parentElement);
  };
}
