/*! bx-pull 0.1.0 | MIT
 *  mitt: Copyright (c) 2021 Jason Miller */
;(function () {
"use strict";
const __spreadValues = Object.assign, __spreadProps = __spreadValues;


















function browserPlatform() {
  const scope = typeof self === "undefined" ? {} : self;
  return {
    clock: {
      now: () => Date.now(),
      elapsed: () => scope.performance ? scope.performance.now() : 0,
      setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimeout: (handle) => clearTimeout(handle)
    },
    random: () => Math.random(),
    // Called as a method of the global: a detached `fetch` throws "Illegal invocation".
    fetch: scope.fetch ? (url, init) => scope.fetch(url, init) : null,
    webSocket: scope.WebSocket || null,
    storage: storageOf(scope, "localStorage"),
    tabStorage: storageOf(scope, "sessionStorage"),
    page: pageOf(scope),
    console: typeof console === "undefined" ? null : console
  };
}
function storageOf(scope, name) {
  try {
    return scope[name] || null;
  } catch (e) {
    return null;
  }
}
function pageOf(scope) {
  const { location, document: document2, navigator = {}, performance } = scope;
  if (!location || !scope.addEventListener) return null;
  const sources = [
    [scope, "online"],
    [scope, "offline"],
    // `pagehide`, never `unload` or `beforeunload`: those keep the page out of the back/forward cache.
    [scope, "pagehide"],
    [scope, "pageshow", (event) => event.persisted ? "pageshow" : null],
    [document2, "visibilitychange", () => document2.visibilityState],
    [document2, "resume"],
    [navigator.connection, "change", () => "network-change"]
  ];
  return {
    protocol: location.protocol,
    get href() {
      return location.href;
    },
    get isHidden() {
      return !!document2 && document2.visibilityState === "hidden";
    },
    get isOffline() {
      return navigator.onLine === false;
    },
    // The successor of `performance.navigation` is ten times the code, and every browser has this one.
    isReload: !!performance && !!performance.navigation && performance.navigation.type === 1 || !!document2 && !!document2.wasDiscarded,
    listen(listener) {
      const undo = sources.map(([target, type, signalOf]) => {
        if (!target || !target.addEventListener) return () => {
        };
        const handler = (event) => {
          const signal = signalOf ? signalOf(event) : type;
          if (signal) listener(signal);
        };
        target.addEventListener(type, handler);
        return () => target.removeEventListener(type, handler);
      });
      return () => undo.forEach((stop) => stop());
    }
  };
}
function scriptTag() {
  return typeof document === "undefined" ? null : document.currentScript;
}
class PullError extends Error {
  constructor(code, message, options = {}) {
    super(message);
    this.name = "PullError";
    this.code = code;
    this.retryable = !!options.retryable;
    this.facts = options.facts || {};
    if ("cause" in options) this.cause = options.cause;
  }
}
function toPullError(thrown, code, message, retryable = false) {
  if (thrown instanceof PullError) return thrown;
  return new PullError(code, message, { retryable, cause: thrown });
}
const MAX_INSTANT_MS = 864e13;
const ISO_DATE = /^\d{4}-.+(Z|[+-]\d\d:?\d\d)$/;
const ON = [true, 1, "1", "Y", "y", "true"];
const OFF$1 = [false, 0, "0", "N", "n", "false", ""];
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function toRecord(value) {
  return isRecord(value) ? value : {};
}
function toText$1(value) {
  return typeof value === "string" && value.trim() || null;
}
function toNumber(value) {
  return typeof value === "number" ? value : Number(toText$1(value) || NaN);
}
function isOn(value) {
  return ON.includes(value);
}
function isNotOff(value) {
  return !OFF$1.includes(value);
}
function toInstantMs(value) {
  const text2 = toText$1(value) || "";
  const atMs = ISO_DATE.test(text2) ? Date.parse(text2) : Math.round(toNumber(value) * 1e3);
  return atMs > 0 && atMs <= MAX_INSTANT_MS ? atMs : null;
}
function toChannelId(value) {
  const text2 = toText$1(value) || "";
  return /^[!-.0-~]+$/.test(text2) ? text2 : null;
}
function staticConfig(config) {
  return () => Promise.resolve(config);
}
function toConfigSource(option) {
  if (typeof option === "function") {
    const { portal } = option;
    return withPortal(async (request) => option(request), portal);
  }
  if (isRecord(option) && !option["then"]) return staticConfig(option);
  throw new PullError("bad-option", "config must be a configuration object, a function or restConfig()");
}
function portalSource(portal, params = {}) {
  const ask2 = shared(
    ({ reason, fetch, signal }) => (
      // The portal ignores the tag; people who read its access log do not.
      portal({ method: "pull.config.get", params, fetch, signal, logTag: reason.replace("-", "_") })
    )
  );
  return withPortal(ask2, portal);
}
function withPortal(ask2, portal) {
  return portal ? Object.assign(ask2, { portal }) : ask2;
}
function shared(ask2) {
  let asked = null;
  return (request) => {
    const { signal } = request;
    if (!asked) {
      const abort = new AbortController();
      const mine = asked = { answer: ask2(__spreadProps(__spreadValues({}, request), { signal: abort.signal })), abort, callers: 0 };
      const end = () => {
        if (asked === mine) asked = null;
      };
      mine.answer.then(end, end);
    }
    const joined = asked;
    joined.callers++;
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(signal.reason);
        if (--joined.callers) return;
        joined.abort.abort(signal.reason);
        if (asked === joined) asked = null;
      };
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave);
      const unlisten = () => signal.removeEventListener("abort", leave);
      joined.answer.then(unlisten, unlisten);
      joined.answer.then(resolve, reject);
    });
  };
}
const REASONS = [
  ["bad-channel", 400, 403, 1008, 4010],
  ["unauthorized", 401],
  ["not-found", 404, 405, 410],
  ["too-many", 429, 1013, 4029],
  ["server-restart", 1001, 1012],
  ["server-error", 4011]
];
function reasonOf$1(code) {
  const found = REASONS.find((codes) => codes.indexOf(code) > 0);
  if (found) return found[0];
  return code > 4011 && code < 4037 && (code < 4022 ? "bad-request" : "unexplained");
}
function lossFromClose(code, text2, opened2) {
  const unauthorized = code === 1008 && /"http_status"\s*:\s*401/.test(text2);
  return loss(unauthorized ? "unauthorized" : reasonOf$1(code) || (opened2 ? "dropped" : "refused"), code);
}
function lossFromStatus(status, body, retryAfter) {
  const told = /^\s*(4\d{3}):/.exec(body);
  const reason = told && reasonOf$1(Number(told[1])) || reasonOf$1(status);
  const waitMs = Number(retryAfter) * 1e3;
  return loss(reason || (status < 500 ? "bad-request" : "server-error"), status, waitMs > 0 ? waitMs : null);
}
function loss(reason, code = null, retryAfterMs = null) {
  return { reason, code, retryAfterMs };
}
function reactionTo(reason) {
  if (reason === "bad-channel" || reason === "unauthorized" || reason === "unexplained") return "renew";
  if (reason === "server-restart") return "spread";
  return reason === "too-many" ? "back-off" : "retry";
}
const BACKOFF = { baseMs: 1500, capMs: 15e3, firstMs: 500, restartSpreadMs: 8e3 };
const AGAIN = 0.6;
const CLOUD_LADDER_MS = [100, 15e3, 15e3, 45e3, 45e3, 6e5, 6e5, 6e5, 6e5, 6e5, 36e5];
const TOO_MANY_MS = 15e3;
function backoffPolicy(option = {}) {
  if (typeof option === "function") return option;
  if (option === "cloud") return cloud;
  return exponential(__spreadValues(__spreadValues({}, BACKOFF), option));
}
function exponential({ baseMs, capMs, firstMs, restartSpreadMs }) {
  return ({ failures, reason, wasUseful, elapsedMs, chance }) => {
    const reaction = reactionTo(reason);
    const jitter = 0.75 + 0.5 * chance;
    if (reaction === "back-off") return TOO_MANY_MS * (1 + chance);
    if (failures <= 1) {
      if (reaction === "spread") return restartSpreadMs * chance;
      if (wasUseful) return firstMs * chance;
    }
    if (failures === 2 && elapsedMs < 2 * firstMs) return AGAIN * firstMs * chance;
    return Math.min(capMs, baseMs * 2 ** Math.max(0, failures - 2)) * jitter;
  };
}
function cloud({ failures, reason, chance }) {
  var _a;
  const step2 = (_a = CLOUD_LADDER_MS[Math.min(failures, CLOUD_LADDER_MS.length) - 1]) != null ? _a : 100;
  const atLeastMs = reactionTo(reason) === "back-off" ? TOO_MANY_MS : 0;
  return Math.max(atLeastMs, step2) * (1 + 0.2 * chance);
}
const TRANSPORT_KINDS = ["websocket", "sse", "long-polling", "interval-polling"];
const KEY = "bx-pull-transport";
const LIFETIME_MS = 36e5;
function createTransportMemory({ storage, clock }) {
  let written;
  return {
    recall() {
      var _a;
      const [kind2, atMs] = ((_a = attempt(() => storage == null ? void 0 : storage.getItem(KEY))) != null ? _a : "").split(" ");
      const ageMs = clock.now() - Number(atMs);
      const known = TRANSPORT_KINDS.find((name) => name === kind2);
      return known !== void 0 && ageMs >= 0 && ageMs < LIFETIME_MS ? known : null;
    },
    remember(kind2) {
      if (kind2 === written) return;
      written = kind2;
      attempt(() => kind2 === null ? storage == null ? void 0 : storage.removeItem(KEY) : storage == null ? void 0 : storage.setItem(KEY, `${kind2} ${clock.now()}`));
    }
  };
}
function attempt(use) {
  try {
    return use();
  } catch (e) {
    return void 0;
  }
}
function mitt(n) {
  return { all: n = n || /* @__PURE__ */ new Map(), on: function(t, e) {
    var i = n.get(t);
    i ? i.push(e) : n.set(t, [e]);
  }, off: function(t, e) {
    var i = n.get(t);
    i && (e ? i.splice(i.indexOf(e) >>> 0, 1) : n.set(t, []));
  }, emit: function(t, e) {
    var i = n.get(t);
    i && i.slice().map(function(n2) {
      n2(e);
    }), (i = n.get("*")) && i.slice().map(function(n2) {
      n2(t, e);
    });
  } };
}
function createEmitter(onThrow) {
  const handlers = mitt();
  const queue = [];
  let isEmitting = false;
  return {
    on(key, listener) {
      const handler = (args) => {
        try {
          const result = listener(...args);
          if (result instanceof Promise) result.catch((thrown) => onThrow(thrown, key));
        } catch (thrown) {
          onThrow(thrown, key);
        }
      };
      handlers.on(key, handler);
      return () => handlers.off(key, handler);
    },
    // mitt copies the list before calling: listeners may subscribe and unsubscribe inside their own call.
    emit(key, ...args) {
      queue.push([key, args]);
      if (isEmitting) return;
      isEmitting = true;
      for (let next = queue.shift(); next; next = queue.shift()) handlers.emit(...next);
      isEmitting = false;
    },
    count: (key) => (handlers.all.get(key) || []).length
  };
}
const SLEWED_MS = 250;
function steadyClock(device) {
  const elapsed = () => device.elapsed ? device.elapsed() : 0;
  let readAtMs = device.now();
  let readElapsedMs = elapsed();
  let aheadMs = 0;
  function now() {
    const atMs = device.now();
    const elapsedMs = elapsed();
    const lostMs = elapsedMs - readElapsedMs - (atMs - readAtMs);
    if (lostMs > SLEWED_MS || atMs < readAtMs) aheadMs += lostMs;
    readAtMs = atMs;
    readElapsedMs = elapsedMs;
    return atMs + aheadMs;
  }
  return {
    now,
    setTimeout: (callback, delayMs) => device.setTimeout(callback, delayMs),
    clearTimeout: (handle) => device.clearTimeout(handle),
    told: (atMs) => atMs - aheadMs
  };
}
const PER_MESSAGE = 100;
const REQUEST_BYTES = 1e6;
const RECEIVER_BYTES = 100;
const BODY_BYTES = REQUEST_BYTES - PER_MESSAGE * RECEIVER_BYTES;
const DAY_S = 86400;
function draftOf(message) {
  const problems = [];
  const check = (isFine, problem) => isFine || problems.push(problem);
  const { to, module, command, params = {}, expiry = 0 } = toRecord(message);
  const { users = [], channels = [] } = toRecord(to);
  const isUsers = Array.isArray(users) && users.every(Number.isSafeInteger);
  const found = Array.isArray(channels) ? channels.map(toChannel) : [null];
  const body = toJson({ module_id: module, command, params });
  const size = new TextEncoder().encode(body || "").length;
  const receivers = /* @__PURE__ */ new Map();
  if (isUsers) users.forEach((user) => receivers.set(user, user));
  found.forEach((channel) => channel && receivers.set(channel.id, channel));
  check(isUsers, "to.users must be a list of whole numbers");
  check(!found.includes(null), "to.channels must be a list of 'id.signature'");
  check(!!receivers.size, "to must name users or channels");
  check(isText(module), "module must be a text");
  check(isText(command), "command must be a text");
  check(!!body, "params must be what JSON can write");
  check(isSeconds(expiry), `expiry must be whole seconds from 0 to ${DAY_S}`);
  check(size <= BODY_BYTES, `${size} bytes of JSON are too large: at most ${BODY_BYTES} can be sent`);
  if (problems.length) throw new PullError("bad-option", `send(): ${problems.join("; ")}`, { facts: { problems } });
  const everybody = Array.from(receivers.values());
  const parts = [];
  for (let at = 0; at < everybody.length; at += PER_MESSAGE) {
    parts.push(everybody.slice(at, at + PER_MESSAGE));
  }
  return {
    body,
    expiry,
    users: everybody.filter((one) => typeof one === "number"),
    parts,
    size
  };
}
function isText(value) {
  return typeof value === "string" && value !== "";
}
function isSeconds(value) {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= DAY_S;
}
function toChannel(given) {
  const { publicId, signature = "" } = toRecord(given);
  const found = /^([\da-f]{32})(?:\.([\da-f]{40})?)?$/i.exec(
    String(isRecord(given) ? `${publicId}.${signature}` : given)
  );
  return found && { id: found[1].toLowerCase(), signature: (found[2] || "").toLowerCase() };
}
function toJson(body) {
  try {
    return JSON.stringify(body["params"]) === void 0 ? null : JSON.stringify(body);
  } catch (e) {
    return null;
  }
}
const MESSAGE_BYTES = 200;
function planOf(queue, isOpen, nowMs) {
  const isLate = ({ owner }) => owner.untilAtMs - nowMs < (isOpen ? 0 : 1);
  const left = queue.filter((part) => !isLate(part));
  let bytes = 0;
  let receivers = 0;
  const tooMuch = left.findIndex((part, at) => {
    bytes += sizeOf$1(part);
    receivers += part.to.length;
    return at > 0 && (bytes > REQUEST_BYTES || receivers > PER_MESSAGE);
  });
  const fitting = tooMuch < 0 ? left : left.slice(0, tooMuch);
  return {
    late: ownersOf(queue.filter(isLate)),
    request: isOpen ? fitting : [],
    wakeAtMs: left.length ? Math.min(...left.map(({ owner }) => owner.untilAtMs)) : null
  };
}
function ownersOf(parts) {
  return Array.from(new Set(parts.map(({ owner }) => owner)));
}
function putBack(queue, part) {
  return queue.concat(part).sort((one, other) => one.order - other.order);
}
function sizeOf$1({ owner, to }) {
  return owner.draft.size + to.length * RECEIVER_BYTES + MESSAGE_BYTES;
}
const PUBLISH = { waitMs: 1e4, queueLimit: 200 };
const WAIT = { via: "wait" };
function createPublisher({ clock, limits, findChannels }) {
  const open = /* @__PURE__ */ new Set();
  let uplink = null;
  let unwatch = () => {
  };
  let queue = [];
  let parts = 0;
  let timer = null;
  let isBusy = false;
  let isPlanned = false;
  let deafLink = null;
  function routeNow() {
    const route = uplink ? uplink.route : WAIT;
    return "linkId" in route && route.linkId === deafLink ? WAIT : route;
  }
  function end(sending, outcome) {
    if (!open.delete(sending)) return;
    queue = queue.filter(({ owner }) => owner !== sending);
    sending.settle(outcome);
  }
  function done({ owner }, confirmed) {
    owner.confirmed = owner.confirmed && confirmed;
    if (!--owner.partsLeft) end(owner, { confirmed: owner.confirmed });
  }
  function plan() {
    if (isPlanned) return;
    isPlanned = true;
    void Promise.resolve().then(() => {
      isPlanned = false;
      flush();
    });
  }
  function flush() {
    clock.clearTimeout(timer);
    const route = routeNow();
    const { via } = route;
    if (via === "never") ownersOf(queue).forEach((sending) => end(sending, route.error));
    const { late, request, wakeAtMs } = planOf(queue, via !== "wait", clock.now());
    late.forEach((sending) => end(sending, expired(sending)));
    if (wakeAtMs === null) return;
    if (isBusy || via === "wait" || via === "never") {
      timer = clock.setTimeout(flush, wakeAtMs - clock.now());
    } else if (via === "rpc") {
      call2(route, request);
      flush();
    } else {
      isBusy = true;
      void publish2(route, request).then(() => {
        isBusy = false;
        flush();
      });
    }
  }
  function call2({ linkId }, request) {
    if (!uplink) return;
    take(request);
    let isHandedOver = false;
    const answers = uplink.callAll(request.map(({ owner, to }) => ["publish", callOf(owner, to)]));
    answers.forEach((answer, at) => {
      const part = request[at];
      answer.then(
        () => done(part, true),
        (thrown) => {
          if (!isHandedOver && isNotConnected(thrown)) return putOff(part, linkId);
          const lost2 = "The connection ended before the answer: it may have been delivered";
          const wasLost = isNotConnected(thrown);
          end(part.owner, wasLost ? new PullError("no-answer", lost2, { retryable: true }) : refusalOf(thrown));
        }
      );
    });
    void Promise.resolve().then(() => isHandedOver = true);
  }
  async function publish2(route, request) {
    const standing = uplink;
    await Promise.all(ownersOf(request).map(find));
    const ready = request.filter(({ owner }) => open.has(owner));
    const now = routeNow();
    if (!standing || standing !== uplink || now.via !== route.via || !ready.length) return;
    take(ready);
    try {
      const confirmed = await standing.publish(ready.map(({ owner, to }) => outgoingOf(owner, to)));
      ready.forEach((part) => done(part, confirmed));
    } catch (thrown) {
      ready.forEach((part) => {
        if (isNotConnected(thrown) && "linkId" in now) putOff(part, now.linkId);
        else end(part.owner, refusalOf(thrown));
      });
    }
  }
  async function find(sending) {
    const { users } = sending.draft;
    if (!users.length) return;
    try {
      sending.channels = await findChannels(users);
      const unknown = users.filter((user) => !sending.channels.has(user));
      if (unknown.length) end(sending, unknownRecipient(unknown));
    } catch (thrown) {
      end(sending, refusalOf(thrown));
    }
  }
  function take(request) {
    queue = queue.filter((part) => request.indexOf(part) < 0);
  }
  function putOff(part, linkId) {
    if (!open.has(part.owner)) return;
    deafLink = linkId;
    queue = putBack(queue, part);
    plan();
  }
  return {
    async send(message) {
      const draft2 = draftOf(message);
      const { waitMs, queueLimit } = limits;
      if (routeNow().via === "wait" && ownersOf(queue).length >= queueLimit) throw queueFull(queueLimit);
      return new Promise((resolve, reject) => {
        const sending = {
          draft: draft2,
          untilAtMs: clock.now() + (draft2.expiry * 1e3 || waitMs),
          partsLeft: draft2.parts.length,
          confirmed: true,
          channels: /* @__PURE__ */ new Map(),
          settle: (outcome) => outcome instanceof PullError ? reject(outcome) : resolve(outcome)
        };
        open.add(sending);
        queue = queue.concat(draft2.parts.map((to) => ({ order: parts++, owner: sending, to })));
        plan();
      });
    },
    attach(next) {
      uplink = next;
      unwatch = next.watch(() => {
        deafLink = null;
        plan();
      });
      plan();
    },
    stop(error) {
      uplink = null;
      unwatch();
      clock.clearTimeout(timer);
      open.forEach((sending) => end(sending, error));
    },
    get waiting() {
      return ownersOf(queue).length;
    }
  };
}
function callOf({ draft: { body, expiry } }, to) {
  const userList = to.filter((one) => typeof one === "number");
  const channelList = to.filter((one) => typeof one === "object").map(signed);
  return __spreadProps(__spreadValues(__spreadValues({}, userList.length && { userList }), channelList.length && { channelList }), {
    body: JSON.parse(body),
    expiry
  });
}
function outgoingOf({ draft: { body, expiry }, channels }, to) {
  const receivers = to.map((one) => typeof one === "number" ? channels.get(one) : one);
  const isFirst = ({ id }, at) => receivers.findIndex((one) => one.id === id) === at;
  return { receivers: receivers.filter(isFirst), body, expiry };
}
function signed({ id, signature }) {
  return id + (signature && `.${signature}`);
}
function isNotConnected(thrown) {
  return thrown.code === "not-connected";
}
function refusalOf(thrown) {
  return toPullError(thrown, "no-answer", "The message could not be sent", true);
}
function expired({ draft: { expiry } }) {
  const [limit, said] = expiry ? ["expiry", `its expiry of ${expiry} s`] : ["publish.waitMs", "publish.waitMs"];
  return new PullError("expired", `Nothing was connected within ${said}: the message was not sent`, {
    retryable: true,
    facts: { limit }
  });
}
function queueFull(queueLimit) {
  const message = `${queueLimit} messages wait for a connection already: wait for them, or raise publish.queueLimit`;
  return new PullError("queue-full", message, { retryable: true, facts: { limit: "publish.queueLimit", queueLimit } });
}
function unknownRecipient(users) {
  const message = `The portal names no public channel of the users ${users.join(", ")}: nobody got the message`;
  return new PullError("unknown-recipient", message, { facts: { users } });
}
function channelId(signed2) {
  const key = mailboxOf(signed2);
  const hidden = () => "***";
  const id = {
    reveal: () => signed2,
    matches: (other) => mailboxOf(other) === key,
    toString: hidden,
    toJSON: hidden
  };
  return id;
}
function mailboxOf(signed2) {
  return signed2.split(/[:.]/)[0].toLowerCase();
}
function channelSet(channels) {
  const rank = ({ type }) => type === "private" ? 0 : type === "shared" ? 1 : 2;
  const sorted = channels.slice().sort((a, b) => rank(a) - rank(b));
  return sorted.filter((channel, at) => sorted.findIndex((other) => other.id.matches(channel.id.reveal())) === at);
}
function channelQuery(set) {
  return set.map((channel) => channel.id.reveal()).join("/");
}
function channelTypeOf(set, rawId) {
  const found = rawId === null ? void 0 : set.find((channel) => channel.id.matches(rawId));
  return found ? found.type : null;
}
function replaceChannel(set, expiredId, successor) {
  let isFound = false;
  const next = set.map((channel) => {
    if (!channel.id.matches(expiredId)) return channel;
    isFound = true;
    return __spreadProps(__spreadValues({}, successor), { type: channel.type, id: channelId(successor.id) });
  });
  return isFound ? channelSet(next) : null;
}
const HISTORY_MS = 864e5;
const HALF_RESOLUTION_MS = 500;
const LATENCY_MS = 1e3;
const RENEW_SHARE = 0.1;
const RENEW_SPAN_MS = 15 * 6e4;
const RENEW_MARGIN_MS = 5e3;
const LAZY_MIN_MS = 1e3;
const LAZY_SPAN_MS = 12e4;
function serverClock(serverTimeAtMs, sentAtMs, receivedAtMs) {
  if (serverTimeAtMs === null) return { shiftMs: 0, uncertaintyMs: Infinity };
  const roundTripMs = receivedAtMs - sentAtMs;
  return {
    shiftMs: receivedAtMs - roundTripMs / 2 - (serverTimeAtMs + HALF_RESOLUTION_MS),
    uncertaintyMs: roundTripMs / 2 + HALF_RESOLUTION_MS
  };
}
function observe(clock, serverTimeUnix, nowMs) {
  if (!(serverTimeUnix > 0) || !isFinite(serverTimeUnix)) return clock;
  const shiftMs = nowMs - serverTimeUnix * 1e3;
  if (clock.uncertaintyMs === Infinity) return { shiftMs, uncertaintyMs: HISTORY_MS };
  const latestMs = clock.shiftMs + clock.uncertaintyMs;
  const { laterMs } = clock;
  if (laterMs === void 0 && clock.uncertaintyMs < HISTORY_MS && shiftMs <= latestMs + LATENCY_MS)
    return settledAt(clock, Math.min(shiftMs, latestMs));
  if (shiftMs >= clock.shiftMs) return clock;
  return laterMs === void 0 ? __spreadProps(__spreadValues({}, clock), { shiftMs }) : settledAt(clock, shiftMs, laterMs);
}
function settledAt(clock, shiftMs, laterMs = clock.uncertaintyMs) {
  return __spreadProps(__spreadValues({}, clock), { shiftMs, laterMs: Math.max(0, laterMs + shiftMs - clock.shiftMs) });
}
function settled(clock, shiftMs) {
  const fits = typeof shiftMs === "number" && Math.abs(shiftMs - clock.shiftMs) <= clock.uncertaintyMs;
  return fits ? settledAt(clock, shiftMs) : clock;
}
function serverNow(clock, nowMs) {
  return nowMs - clock.shiftMs;
}
function renewAt(config, clock, chance, nowMs, previous = null) {
  const serverEndAtMs = endOf(config);
  if (serverEndAtMs === Infinity) return null;
  const endAtMs = serverEndAtMs + clock.shiftMs;
  if (endAtMs <= nowMs) return nowMs;
  if (previous !== null && endOf(previous) === serverEndAtMs) return endAtMs + LAZY_MIN_MS + chance * LAZY_SPAN_MS;
  const spanMs = Math.min((endAtMs - nowMs) * RENEW_SHARE, RENEW_SPAN_MS);
  const latestAtMs = Math.max(nowMs, endAtMs - RENEW_MARGIN_MS);
  const earliestAtMs = Math.min(endAtMs - spanMs, latestAtMs);
  return earliestAtMs + chance * (latestAtMs - earliestAtMs);
}
function endOf({ channels, expiresAtMs }) {
  return Math.min(expiresAtMs || Infinity, ...channels.map(({ endAtMs }) => endAtMs || Infinity));
}
const TICK_MS = 1500;
const LATE_MS = 5e3;
const LATE_WHEN_HIDDEN_MS = 75e3;
function watchClock(clock, isHidden, jumped) {
  let timer;
  let dueAtMs = 0;
  let wasHidden = false;
  function look(isTick) {
    const isLate = clock.now() - dueAtMs > (wasHidden || isHidden() ? LATE_WHEN_HIDDEN_MS : LATE_MS);
    if (isTick || isLate) wait2();
    if (isLate) jumped();
  }
  function wait2() {
    clock.clearTimeout(timer);
    dueAtMs = clock.now() + TICK_MS;
    wasHidden = isHidden();
    timer = clock.setTimeout(() => look(true), TICK_MS);
  }
  wait2();
  return { look: () => look(false), stop: () => clock.clearTimeout(timer) };
}
const GRACE_MS$1 = 5e3;
const SHORTEST_PAUSE_MS = 1e3;
const LONGEST_PAUSE_MS = 15e4;
function createHeartbeat(clock, silenceMs, dead) {
  let limitMs = silenceMs || 0;
  let heardAtMs = clock.now();
  let beatAtMs = null;
  let timer;
  function wait2() {
    const restMs = heardAtMs + limitMs - clock.now();
    if (restMs <= 0) dead();
    else timer = clock.setTimeout(wait2, restMs);
  }
  if (limitMs) wait2();
  return {
    heard() {
      heardAtMs = clock.now();
      beatAtMs = null;
    },
    beat() {
      const pauseMs = beatAtMs === null ? 0 : clock.now() - beatAtMs;
      heardAtMs = beatAtMs = clock.now();
      if (silenceMs || pauseMs < SHORTEST_PAUSE_MS || pauseMs > LONGEST_PAUSE_MS) return;
      const isFirst = !limitMs;
      limitMs = Math.max(limitMs, pauseMs + GRACE_MS$1);
      if (isFirst) wait2();
    },
    stop: () => clock.clearTimeout(timer)
  };
}
const NO_LESSONS = { skipped: {}, useless: {}, preferred: null };
const USELESS_OPENS = 3;
function roundOrder(candidates, lessons) {
  const place = (kind2) => isDemoted(lessons, kind2) ? 2 : kind2 === lessons.preferred ? 0 : 1;
  return candidates.map(({ kind: kind2 }) => kind2).sort((a, b) => place(a) - place(b));
}
function betterThan(candidates, kind2) {
  const better = candidates.slice(0, rankOf(candidates, kind2));
  const gains = better.filter((other) => kind2 !== "long-polling" || other.kind !== "sse" || other.ownAddress);
  return gains.map((other) => other.kind);
}
function hasOwnStream(candidates) {
  return candidates.some(({ kind: kind2, ownAddress }) => kind2 === "sse" && ownAddress);
}
function mayBecomeLongPoll(candidates, kind2) {
  return kind2 === "sse" && !hasOwnStream(candidates) && candidates.some((other) => other.kind === "long-polling");
}
function rankOf(candidates, kind2) {
  const at = candidates.findIndex((candidate) => candidate.kind === kind2);
  return at < 0 ? candidates.length : at;
}
function isDemoted(lessons, kind2) {
  return (lessons.useless[kind2] || 0) >= USELESS_OPENS;
}
function lastingSkips(lessons) {
  const skipped = __spreadValues({}, lessons.skipped);
  const kinds = Object.keys(skipped);
  kinds.forEach((kind2) => isDemoted(lessons, kind2) || delete skipped[kind2]);
  return skipped;
}
function learnRefusal(lessons, kind2, reason) {
  return __spreadProps(__spreadValues({}, lessons), { skipped: __spreadProps(__spreadValues({}, lessons.skipped), { [kind2]: reason }) });
}
function learnUseless(lessons, kind2, isOnce = false) {
  const learnt = learnRefusal(lessons, kind2, "useless");
  const useless = __spreadProps(__spreadValues({}, lessons.useless), { [kind2]: isOnce ? USELESS_OPENS : (lessons.useless[kind2] || 0) + 1 });
  return __spreadProps(__spreadValues({}, learnt), { useless });
}
function learnUseful(lessons, kind2) {
  const skipped = __spreadValues({}, lessons.skipped);
  delete skipped[kind2];
  return { skipped, useless: __spreadProps(__spreadValues({}, lessons.useless), { [kind2]: 0 }), preferred: kind2 };
}
function skipReason({ reason, code }) {
  return reason === "refused" && code !== null && code < 1e3 ? `refused-${code}` : reason;
}
function diagnose(candidates, skipped) {
  const reasons = candidates.map(({ kind: kind2 }) => skipped[kind2]);
  const told = ["unauthorized", "bad-channel"].find((reason) => reasons.indexOf(reason) >= 0);
  return told || (reasons.length > 0 && reasons.every((reason) => reason) ? "server-unreachable" : null);
}
const FRESH = {
  target: { id: 0, candidates: [] },
  lessons: NO_LESSONS,
  nextLinkId: 1,
  lastAttemptAtMs: -Infinity,
  failures: 0,
  uselessAtMs: [],
  outageSinceMs: null,
  lastLoss: null,
  probeDelayMs: 0,
  lastCheckAtMs: -Infinity,
  hasConnected: false,
  isDoubted: false,
  restartUntilMs: -Infinity
};
function draft(state, moment, options) {
  const members = __spreadValues({ memory: FRESH, active: null, links: [], queue: [] }, state);
  const d = __spreadProps(__spreadValues({}, members), { effects: [], moment, options });
  d.memory = __spreadValues({}, d.memory);
  d.active = d.active && __spreadValues({}, d.active);
  d.links = d.links.map((link) => __spreadValues({}, link));
  d.queue = d.queue.slice();
  return d;
}
function finish({ phase, memory, active, links, queue, effects }) {
  return { state: phase === "idle" ? { phase } : { phase, memory, active, links, queue }, effects };
}
function linkOf({ active, links }, linkId) {
  return active && active.id === linkId ? active : links.find((link) => link.id === linkId);
}
function setTimer(d, name, delayMs, linkId = null) {
  d.effects.push({ type: "set-timer", name, linkId, delayMs: Math.max(0, delayMs) });
}
function clearTimer(d, name, linkId = null) {
  d.effects.push({ type: "clear-timer", name, linkId });
}
function floorMs({ memory, options, moment }) {
  return memory.lastAttemptAtMs + options.floorMs - moment.nowMs;
}
function isOwnStream({ memory }, kind2) {
  return kind2 === "sse" && hasOwnStream(memory.target.candidates);
}
function tryNext(d) {
  clearTimer(d, "race");
  const kind2 = d.queue.shift();
  if (kind2 === void 0) return false;
  openLink(d, kind2);
  if (d.queue.length > 0) setTimer(d, "race", d.options.raceAfterMs);
  return true;
}
function openLink(d, kind2) {
  const { memory, options } = d;
  const { nowMs } = d.moment;
  const id = memory.nextLinkId++;
  const targetId = memory.target.id;
  memory.lastAttemptAtMs = nowMs;
  d.links.push({ id, kind: kind2, targetId, startedAtMs: nowMs, openedAtMs: null, confirmed: false, useful: false });
  const sinceMs = d.active || memory.outageSinceMs === null ? nowMs : memory.outageSinceMs;
  d.effects.push({ type: "open", linkId: id, kind: kind2, sinceMs, isDoubted: d.active !== null && memory.isDoubted });
  setTimer(d, "deadline", isOwnStream(d, kind2) ? options.firstByteMs : options.connectTimeoutMs, id);
}
function dropLink(d, { id }) {
  d.links = d.links.filter((other) => other.id !== id);
  if (d.active && d.active.id === id) d.active = null;
  const names = ["deadline", "useful", "drain"];
  names.forEach((name) => clearTimer(d, name, id));
}
function closeLink(d, link, reason) {
  dropLink(d, link);
  d.effects.push({ type: "close", linkId: link.id, code: 1e3, reason });
}
function closeAll(d, reason) {
  [d.active, ...d.links].forEach((link) => link && closeLink(d, link, reason));
}
const USELESS_MOST = 6;
const MINUTE_MS = 61e3;
function beginRound(d) {
  const { memory } = d;
  if (floorMs(d) > 0) return wait(d, floorMs(d));
  clearTimer(d, "retry");
  d.phase = "connecting";
  memory.lessons = __spreadProps(__spreadValues({}, memory.lessons), { skipped: lastingSkips(memory.lessons) });
  d.queue = roundOrder(memory.target.candidates, memory.lessons);
  tryNext(d);
}
function wait(d, delayMs) {
  d.phase = "waiting";
  d.queue = [];
  clearTimer(d, "race");
  stopClimbing(d);
  setTimer(d, "retry", delayMs);
}
function stopClimbing(d) {
  clearTimer(d, "probe");
  clearTimer(d, "replace");
}
function giveUpRound(d, lost2, wasUseful) {
  closeAll(d, "replaced");
  const { memory } = d;
  const failures = wasUseful ? 1 : memory.failures + 1;
  memory.failures = failures;
  memory.lastLoss = lost2;
  noticeOutage(d);
  renewIfRefused(d, lost2, memory.target.candidates.length === 1);
  wait(d, delayAfter(d, lost2, wasUseful, failures));
}
function changeTransport(d, lost2) {
  d.memory.failures++;
  wait(d, soonest(d, lost2));
}
function noticeOutage({ memory, moment }) {
  if (memory.outageSinceMs === null) memory.outageSinceMs = moment.nowMs;
}
function renewIfRefused({ memory, effects }, { reason }, isAlone = true) {
  const { failures } = memory;
  const isSuspect = isAlone && reason === "refused" && failures > 1 && (failures % 16 === 0 || (failures & failures - 1) === 0);
  if (isSuspect || reactionTo(reason) === "renew") effects.push({ type: "renew" });
}
function delayAfter(d, lost2, wasUseful, failures) {
  const { memory, moment, options } = d;
  const asked = options.backoff({
    failures,
    code: lost2.code,
    reason: isRestarting(d) ? "server-restart" : lost2.reason,
    wasUseful,
    elapsedMs: memory.outageSinceMs === null ? 0 : moment.nowMs - memory.outageSinceMs,
    chance: moment.chance
  });
  return Math.max(asked >= 0 ? asked : 0, soonest(d, lost2));
}
function soonest(d, { retryAfterMs }) {
  const { uselessAtMs } = d.memory;
  const sixthAtMs = uselessAtMs[uselessAtMs.length - USELESS_MOST];
  const quietMs = sixthAtMs === void 0 ? 0 : Math.min(MINUTE_MS, sixthAtMs + MINUTE_MS - d.moment.nowMs);
  return Math.max(floorMs(d), retryAfterMs || 0, quietMs);
}
function isRestarting({ memory, moment }) {
  return moment.nowMs < memory.restartUntilMs;
}
function attemptFailed(d, link, lost2) {
  const { memory, active } = d;
  memory.lessons = learnRefusal(memory.lessons, link.kind, skipReason(lost2));
  dropLink(d, link);
  if (!active) {
    const isHopeless = reactionTo(lost2.reason) === "renew";
    if (isHopeless || !tryNext(d) && d.links.length === 0) giveUpRound(d, lost2, false);
  } else if (isOutdated(memory, active) && !isOutdated(memory, link)) {
    successorFailed(d, lost2, false);
  } else if (!tryNext(d)) {
    if (memory.isDoubted) stillDoubted(d, link, lost2);
    else planProbe(d);
  }
}
function stillDoubted(d, failed2, lost2) {
  const { active, memory } = d;
  planProbe(d);
  const isOtherKind = !!active && active.kind !== failed2.kind && reactionTo(lost2.reason) === "retry";
  if (!isOtherKind) {
    memory.failures++;
    renewIfRefused(d, lost2);
  }
  setTimer(d, "replace", isOtherKind ? floorMs(d) : delayAfter(d, lost2, false, memory.failures));
}
function successorFailed(d, lost2, wasUseful) {
  const { memory } = d;
  memory.failures = wasUseful ? 1 : memory.failures + 1;
  renewIfRefused(d, lost2);
  setTimer(d, "replace", delayAfter(d, lost2, wasUseful, memory.failures));
}
function isOutdated({ target }, { targetId }) {
  return targetId !== target.id;
}
function planProbe(d) {
  const { active, memory } = d;
  if (active && betterThan(memory.target.candidates, active.kind).length > 0) setTimer(d, "probe", memory.probeDelayMs);
  else clearTimer(d, "probe");
}
function opened(d, link, kind2, confirmed) {
  const { active, memory } = d;
  const { candidates } = memory.target;
  const isFirstWord = link.openedAtMs === null;
  const isLate = d.moment.nowMs - link.startedAtMs > d.options.raceAfterMs;
  if (isFirstWord && isLate && active && active.confirmed && isOwnStream(d, kind2)) return deadlineOver(d, link);
  link.kind = kind2;
  link.confirmed = link.confirmed || confirmed;
  if (isFirstWord) link.openedAtMs = d.moment.nowMs;
  if (!active) {
    d.phase = "connected";
    memory.hasConnected = true;
    clearTimer(d, "race");
    return takeOver(d, link);
  }
  if (link === active) return settle(d, link);
  if (!isFirstWord) return;
  const isBetterOrNewer = link.targetId > active.targetId || rankOf(candidates, kind2) <= rankOf(candidates, active.kind);
  if (isBetterOrNewer) takeOver(d, link);
  else closeLink(d, link, "replaced");
}
function takeOver(d, link) {
  const { active, memory } = d;
  d.links = d.links.filter((other) => other !== link);
  d.active = link;
  if (active) {
    active.isDoubted = memory.isDoubted;
    clearTimer(d, "useful", active.id);
    clearTimer(d, "deadline", active.id);
    d.links.push(active);
    setTimer(d, "drain", d.options.drainMs, active.id);
  }
  memory.isDoubted = false;
  if (!isOutdated(memory, link)) clearTimer(d, "replace");
  settle(d, link);
}
function settle(d, link) {
  const { candidates } = d.memory.target;
  if (link.confirmed || link.kind !== "sse") clearTimer(d, "deadline", link.id);
  if (link.confirmed) d.queue = [];
  if (!link.useful) setTimer(d, "useful", d.options.usefulAfterMs, link.id);
  d.links.filter((other) => other.openedAtMs === null && other.targetId <= link.targetId).filter((other) => rankOf(candidates, other.kind) >= rankOf(candidates, link.kind)).forEach((other) => closeLink(d, other, "replaced"));
  planProbe(d);
}
function probe(d) {
  const { active, memory } = d;
  if (!active) return;
  const isTrying = d.links.some((link) => link.openedAtMs === null);
  if (!isTrying && floorMs(d) > 0) return setTimer(d, "probe", floorMs(d));
  if (!isTrying) d.queue = betterThan(memory.target.candidates, active.kind);
  if (isTrying || !tryNext(d)) planProbe(d);
}
function replace(d) {
  const { active, memory } = d;
  if (!active) return;
  if (floorMs(d) > 0) return setTimer(d, "replace", floorMs(d));
  if (d.links.some((link) => link.openedAtMs === null && !isOutdated(memory, link))) return;
  const { candidates } = memory.target;
  const isUsable = rankOf(candidates, active.kind) < candidates.length;
  const kind2 = isUsable ? active.kind : roundOrder(candidates, memory.lessons)[0];
  if (kind2) openLink(d, kind2);
}
function useful(d, link) {
  const { memory } = d;
  if (link.useful) return;
  link.useful = true;
  if (link !== d.active) return;
  clearTimer(d, "useful", link.id);
  memory.lessons = learnUseful(memory.lessons, link.kind);
  memory.failures = 0;
  memory.uselessAtMs = [];
  memory.outageSinceMs = null;
  const isBest = betterThan(memory.target.candidates, link.kind).length === 0;
  if (isBest) memory.probeDelayMs = d.options.probeFirstMs;
}
function lost(d, link, cause) {
  if (link === d.active) return activeLost(d, link, cause);
  if (link.openedAtMs === null) attemptFailed(d, link, cause);
  else dropLink(d, link);
}
function deadlineOver(d, link) {
  const cause = loss(isOwnStream(d, link.kind) ? "buffered" : "timeout");
  d.effects.push({ type: "close", linkId: link.id, code: 1e3, reason: cause.reason });
  lost(d, link, cause);
}
function activeLost(d, link, cause) {
  const { memory, options } = d;
  const reaction = reactionTo(cause.reason);
  dropLink(d, link);
  memory.lastLoss = cause;
  if (!link.useful && reaction === "retry" && !isRestarting(d)) {
    memory.uselessAtMs = memory.uselessAtMs.concat(link.startedAtMs).slice(-USELESS_MOST);
    memory.lessons = cause.reason === "buffered" ? learnRefusal(memory.lessons, link.kind, cause.reason) : learnUseless(memory.lessons, link.kind, memory.uselessAtMs.length > 3);
  }
  const spare = d.links.filter((other) => other.openedAtMs !== null).sort((a, b) => b.targetId - a.targetId || b.id - a.id)[0];
  if (spare) {
    dropLink(d, spare);
    d.active = spare;
    memory.isDoubted = !!spare.isDoubted;
    if (!spare.useful) setTimer(d, "useful", options.usefulAfterMs, spare.id);
    if (isOutdated(memory, spare)) successorFailed(d, cause, link.useful);
    else if (memory.isDoubted) return stillDoubted(d, link, cause);
    return planProbe(d);
  }
  noticeOutage(d);
  memory.isDoubted = false;
  const isTrying = d.links.some((other) => other.kind === link.kind && !isOutdated(memory, other));
  if (isTrying && reaction !== "renew") {
    d.phase = "connecting";
    return stopClimbing(d);
  }
  const hasMore = d.links.length > 0 || d.queue.length > 0;
  if (!link.useful && !hasMore && isWornOut(d, link.kind) && reaction === "retry") return changeTransport(d, cause);
  if (link.useful || !hasMore || reaction === "renew") return giveUpRound(d, cause, link.useful);
  d.phase = "connecting";
  stopClimbing(d);
  tryNext(d);
}
function isWornOut({ memory, options }, kind2) {
  const { target, lessons } = memory;
  const next = roundOrder(target.candidates, lessons)[0];
  const mayHurry = options.hintFloorMs <= options.floorMs;
  const isFresh = !!next && !isDemoted(lessons, next) && !lessons.skipped[next];
  return mayHurry && memory.uselessAtMs.length > 2 && isDemoted(lessons, kind2) && isFresh;
}
function suspend(d) {
  closeAll(d, "stopped");
  d.effects.push({ type: "clear-timers" });
  noticeOutage(d);
  d.queue = [];
  d.phase = "suspended";
}
const CHECK_FLOOR_MS = 3e3;
const HUNG_MS = 1e3;
function step(state, event, moment, options) {
  const d = draft(state, moment, options);
  decide(d, event);
  return finish(d);
}
function decide(d, event) {
  const { memory, options, moment } = d;
  const link = "linkId" in event ? linkOf(d, event.linkId) : void 0;
  if (d.phase === "idle") {
    if (event.type !== "start") return;
    memory.target = event.target;
    memory.lessons = __spreadProps(__spreadValues({}, memory.lessons), { preferred: event.preferred });
    memory.probeDelayMs = options.probeFirstMs;
    return beginRound(d);
  }
  switch (event.type) {
    case "start":
      return;
    case "stop":
      suspend(d);
      d.phase = "idle";
      return;
    case "retarget":
      return retarget(d, event.target);
    case "opened":
      if (link) opened(d, link, event.kind, event.confirmed);
      return;
    case "carried":
      if (link) useful(d, link);
      return;
    case "lost":
      if (link) lost(d, link, event.loss);
      return;
    case "timer":
      return timerFired(d, event.name, link);
    case "restart-announced":
      memory.restartUntilMs = moment.nowMs + 2 * options.restartSpreadMs;
      if (d.active) setTimer(d, "replace", options.restartSpreadMs * moment.chance);
      return;
    case "hint":
      return hinted$1(d, event.hint);
    default:
      return event;
  }
}
function retarget(d, target) {
  d.memory.target = target;
  d.queue = [];
  d.links.filter((link) => link.openedAtMs === null).forEach((link) => closeLink(d, link, "replaced"));
  if (d.active) return replace(d);
  clearTimer(d, "race");
  const mayHurry = d.options.hintFloorMs <= d.options.floorMs;
  if (d.phase === "connecting" || d.phase === "waiting" && mayHurry) beginRound(d);
}
function timerFired(d, name, link) {
  const { memory, options } = d;
  switch (name) {
    case "retry":
      if (d.phase === "waiting") beginRound(d);
      return;
    case "race":
      tryNext(d);
      return;
    case "probe":
      memory.probeDelayMs = Math.min(memory.probeDelayMs * 2, options.probeLongestMs);
      return probe(d);
    case "replace":
      return replace(d);
    case "useful":
      if (link) useful(d, link);
      return;
    case "deadline":
      if (link) deadlineOver(d, link);
      return;
    case "drain":
      if (link && d.active && !d.active.confirmed) setTimer(d, "drain", options.drainMs, link.id);
      else if (link) closeLink(d, link, "replaced");
      return;
    default:
      return name;
  }
}
function hinted$1(d, hint) {
  const { active, memory, moment, options, phase } = d;
  if (hint === "leave") {
    if (phase !== "suspended") suspend(d);
    return;
  }
  if (phase === "suspended") return beginRound(d);
  if (phase === "connecting") {
    const isHung = d.links.length > 0 && d.links.every(({ startedAtMs }) => moment.nowMs - startedAtMs > HUNG_MS);
    if (hint !== "check" || !isHung) return;
    closeAll(d, "replaced");
    return beginRound(d);
  }
  if (active && hint === "return") return;
  const canImprove = active !== null && betterThan(memory.target.candidates, active.kind).length > 0;
  if (active && !canImprove && hint === "retry") return;
  const { lastLoss } = memory;
  const isAsked = lastLoss !== null && (lastLoss.retryAfterMs !== null || reactionTo(lastLoss.reason) === "back-off");
  const isSentAway = !active && isAsked;
  if (isSentAway || Math.abs(moment.nowMs - memory.lastCheckAtMs) < (active ? CHECK_FLOOR_MS : options.hintFloorMs))
    return;
  memory.lastCheckAtMs = moment.nowMs;
  if (hint === "check" && active) memory.isDoubted = true;
  if (canImprove) probe(d);
  else if (active) replace(d);
  else beginRound(d);
}
const HINTS = {
  online: "check",
  // The network may be back before `online` fires, or never have been away: what is open stays open.
  offline: null,
  "network-change": "check",
  resume: "check",
  visible: "retry",
  hidden: null,
  pagehide: "leave",
  pageshow: "return"
};
function hintOf(signal) {
  return HINTS[signal];
}
const LONGEST_MS = 2 ** 31 - 1;
function createTimers(clock) {
  const pending = /* @__PURE__ */ new Map();
  function clear(key) {
    const timer = pending.get(key);
    if (timer) clock.clearTimeout(timer.handle);
    pending.delete(key);
  }
  return {
    set(key, delayMs, fire) {
      clear(key);
      const boundedMs = Math.min(delayMs, LONGEST_MS);
      const run = () => {
        pending.delete(key);
        fire();
      };
      pending.set(key, { handle: clock.setTimeout(run, boundedMs), dueAtMs: clock.now() + boundedMs, fire: run });
    },
    clear,
    clearAll: () => Array.from(pending.keys()).forEach(clear),
    fireOverdue() {
      const nowMs = clock.now();
      Array.from(pending.entries()).forEach(([key, timer]) => {
        if (timer.dueAtMs > nowMs || pending.get(key) !== timer) return;
        clock.clearTimeout(timer.handle);
        timer.fire();
      });
    },
    get size() {
      return pending.size;
    }
  };
}
const STUCK = 3005;
function createConnection(deps) {
  const { platform, clock, options } = deps;
  const timers = createTimers(clock);
  const links = /* @__PURE__ */ new Map();
  const queue = [];
  let state = { phase: "idle" };
  let running = false;
  let unlisten = null;
  let clockWatch = null;
  function dispatch(event) {
    queue.push(event);
    if (running) return;
    running = true;
    try {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const before = state;
        const { state: after, effects } = step(state, next, { nowMs: clock.now(), chance: platform.random() }, options);
        state = after;
        effects.forEach(run);
        watch(after);
        if (before !== after) deps.changed(after);
      }
    } finally {
      running = false;
    }
  }
  function happened(event) {
    if (!running) timers.fireOverdue();
    dispatch(event);
  }
  function run(effect) {
    switch (effect.type) {
      case "open":
        return open(__spreadProps(__spreadValues({}, effect), { id: effect.linkId }));
      case "close":
        return close(effect.linkId, effect.code, effect.reason);
      case "set-timer": {
        const { name, linkId, delayMs } = effect;
        if (name === "retry") deps.record({ what: "wait", delayMs: Math.round(delayMs) });
        return timers.set(keyOf$3(name, linkId), delayMs, () => {
          if (clockWatch) clockWatch.look();
          dispatch({ type: "timer", name, linkId });
        });
      }
      case "clear-timer":
        return timers.clear(keyOf$3(effect.name, effect.linkId));
      case "clear-timers":
        return timers.clearAll();
      case "renew":
        deps.record({ what: "renew" });
        return deps.renew();
      default:
        return effect;
    }
  }
  function open(opening) {
    const { id: linkId, kind: kind2 } = opening;
    const candidates = state.phase === "idle" ? [] : state.memory.target.candidates;
    let carried = false;
    const link = { kind: kind2, transport: null, heartbeat: null };
    const lost2 = (found) => {
      if (!forget(linkId)) return;
      const isOffline = found.reason === "refused" && !!platform.page && platform.page.isOffline;
      const reason = isOffline ? loss("network") : found;
      deps.record({ what: "lost", linkId, transport: kind2, detail: reason.reason, code: reason.code });
      happened({ type: "lost", linkId, loss: reason });
    };
    deps.record({ what: "open", linkId, transport: kind2 });
    links.set(linkId, link);
    try {
      const factory = deps.factories[kind2];
      if (!factory) throw new TypeError(`no ${kind2} transport`);
      const port = deps.openLink(opening);
      const transport = factory({
        binary: port.binary,
        wholeOf: port.wholeOf,
        clock,
        fetch: platform.fetch,
        webSocket: platform.webSocket,
        timeouts: deps.timeouts,
        mayBecomeLongPoll: mayBecomeLongPoll(candidates, kind2),
        address: port.address,
        sink: {
          opened(as, confirmed) {
            deps.record({ what: "opened", linkId, transport: as, detail: confirmed ? "confirmed" : "unconfirmed" });
            if ((port.silenceMs || as === "sse") && !link.heartbeat && links.has(linkId)) {
              link.heartbeat = createHeartbeat(clock, port.silenceMs, () => {
                if (link.transport) link.transport.close(STUCK);
                lost2(loss("silent"));
              });
            }
            dispatch({ type: "opened", linkId, kind: as, confirmed });
            timers.fireOverdue();
          },
          frame(frame, isPart) {
            if (link.heartbeat) link.heartbeat.heard();
            const outcome = port.frame(frame, isPart);
            if (!carried && outcome === "news") {
              carried = true;
              happened({ type: "carried", linkId });
            }
            return outcome;
          },
          alive() {
            if (link.heartbeat) link.heartbeat.beat();
            timers.fireOverdue();
          },
          emptyPoll: port.emptyPoll,
          lost: lost2
        }
      });
      link.transport = transport;
    } catch (e) {
      lost2(loss("unsupported"));
    }
  }
  function close(linkId, code, reason) {
    var _a;
    const link = forget(linkId);
    if (!link) return;
    deps.record({ what: "close", linkId, transport: link.kind, detail: reason });
    (_a = link.transport) == null ? void 0 : _a.close(code);
  }
  function forget(linkId) {
    const link = links.get(linkId);
    links.delete(linkId);
    if (link && link.heartbeat) link.heartbeat.stop();
    return link;
  }
  function watch({ phase }) {
    const isWanted = phase !== "idle" && phase !== "suspended";
    if (isWanted === !!clockWatch) return;
    if (clockWatch) clockWatch.stop();
    clockWatch = isWanted ? watchClock(clock, isHidden, () => hinted2("clock", "check")) : null;
  }
  function isHidden() {
    return !!platform.page && platform.page.isHidden === true;
  }
  function hinted2(detail, hint) {
    deps.record({ what: "hint", detail });
    happened({ type: "hint", hint });
  }
  return {
    start(target, preferred) {
      var _a, _b;
      unlisten != null ? unlisten : unlisten = (_b = (_a = platform.page) == null ? void 0 : _a.listen((signal) => {
        const hint = hintOf(signal);
        if (clockWatch) clockWatch.look();
        if (hint) hinted2(signal, hint);
      })) != null ? _b : null;
      deps.record({ what: "start" });
      dispatch({ type: "start", target, preferred });
    },
    retarget(target) {
      deps.record({ what: "retarget" });
      dispatch({ type: "retarget", target });
    },
    send(linkId, frame) {
      const link = links.get(linkId);
      return !!link && !!link.transport && !!link.transport.send && link.transport.send(frame);
    },
    announceRestart: () => dispatch({ type: "restart-announced" }),
    hint: (hint) => happened({ type: "hint", hint }),
    stop() {
      if (state.phase === "idle" && unlisten === null) return;
      deps.record({ what: "stop" });
      unlisten == null ? void 0 : unlisten();
      unlisten = null;
      dispatch({ type: "stop" });
      timers.clearAll();
    },
    get state() {
      return state;
    }
  };
}
function keyOf$3(name, linkId) {
  return linkId === null ? name : `${name}:${linkId}`;
}
const WHOLE_HISTORY = "00000000000000000000000000";
const MID_CLOCK_TOLERANCE_MS = 864e5;
function numberingOf(version) {
  const byMid = version !== 1 && version !== 2;
  const startOf = (mid, timeAtMs) => byMid ? { mid, timeAtMs: 0, tag: 0 } : { mid: "", timeAtMs: version === 1 ? timeAtMs - 1e3 : timeAtMs, tag: 0 };
  return {
    byMid,
    placeOf({ mid, timeAtMs, tag }) {
      if (byMid) return mid === null ? null : startOf(mid, 0);
      return timeAtMs === null || tag === null ? null : { mid: "", timeAtMs, tag };
    },
    hintedPlace({ lastMessageId, lastModified }) {
      if (byMid) return lastMessageId && /^\d{26}$/.test(lastMessageId) ? startOf(lastMessageId, 0) : null;
      const atMs = Date.parse(lastModified || "");
      return atMs > 0 ? startOf("", atMs) : null;
    },
    startOf,
    queryOf: ({ mid, timeAtMs, tag }) => byMid ? { mid } : { tag, time: new Date(timeAtMs).toUTCString() }
  };
}
function publishedAt({ body }) {
  const extra = body.extra;
  const atMs = Number(extra && extra.server_time_unix) * 1e3;
  return atMs > 0 ? atMs : null;
}
function isFromTheFuture(mid, serverNowMs) {
  return Number(mid.slice(0, 10)) * 1e3 > serverNowMs + MID_CLOCK_TOLERANCE_MS;
}
function wholeSecond(atMs) {
  return Math.floor(atMs / 1e3) * 1e3;
}
const DEDUPE_WINDOW = 16384;
const LARGEST = 16;
const RECENT_MIN = 256;
function createDedupe(limit = DEDUPE_WINDOW, neededSinceMs = () => Infinity) {
  const seen = /* @__PURE__ */ new Map();
  const owners = /* @__PURE__ */ new Map();
  let elsewhere = /* @__PURE__ */ new Set();
  let elsewhereUntilMs = 0;
  let needed = { sinceMs: 0, askedAtMs: NaN };
  function forget(nowMs) {
    if (needed.askedAtMs !== nowMs) needed = { sinceMs: neededSinceMs(), askedAtMs: nowMs };
    for (const [identity, atMs] of seen) {
      if (seen.size <= limit || atMs >= needed.sinceMs && seen.size <= limit * LARGEST) return;
      seen.delete(identity);
    }
  }
  return {
    isNew(identity, nowMs, mid) {
      if (seen.has(identity)) return false;
      seen.set(identity, nowMs);
      if (mid) owners.set(mid, identity);
      if (seen.size > limit) forget(nowMs);
      if (owners.size > limit) owners.delete(owners.keys().next().value);
      return !(elsewhere.size && elsewhere.has(fingerprint(identity)));
    },
    isOther: (mid, identity) => !!mid && !!identity && !seen.has(identity) && owners.has(mid),
    recent(sinceMs) {
      let left = seen.size;
      const found = elsewhereUntilMs >= sinceMs || left < RECENT_MIN ? Array.from(elsewhere) : [];
      seen.forEach((atMs, identity) => {
        if (atMs >= sinceMs || left <= RECENT_MIN) found.push(fingerprint(identity));
        left--;
      });
      return found.slice(-limit);
    },
    restore(fingerprints, untilMs) {
      elsewhere = new Set(fingerprints);
      elsewhereUntilMs = untilMs;
    },
    renumbered() {
      owners.clear();
    },
    get size() {
      return seen.size;
    }
  };
}
function identityOf(message) {
  const { mid, channel, id, tag, time } = message;
  if (mid) return `${mid}|${publishedAt(message) || fingerprint(JSON.stringify(message.body))}`;
  return id === null && tag === null && !time ? null : [channel, id, tag, time].join("|");
}
function fingerprint(text2) {
  let a = 2166136261;
  let b = 2538058380;
  for (let at = 0; at < text2.length; at++) {
    const code = text2.charCodeAt(at);
    a = Math.imul(a ^ code, 16777619);
    b = Math.imul(b ^ code, 1540483477);
    b ^= b >>> 15;
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36).padStart(7, "0");
}
const MARK_EVERY_MS = 100;
const MARKS_KEPT = 64;
function createMarks() {
  let marks = [];
  const newest = () => marks[marks.length - 1];
  function firm(place, askedAtMs) {
    const isIt = (mark) => mark.receivedAtMs < askedAtMs && !isAfter(mark, place) && !isAfter(place, mark);
    if (marks.some(isIt)) marks = marks.map((mark) => isIt(mark) ? __spreadProps(__spreadValues({}, mark), { isFirm: true }) : mark);
  }
  return {
    add(mark, askedAtMs = -Infinity) {
      const last = newest();
      if (!isAfter(mark, last)) return firm(mark, askedAtMs);
      const before = marks[marks.length - 2];
      if (last && before && last.receivedAtMs - before.receivedAtMs < MARK_EVERY_MS) marks.pop();
      marks.push(mark);
      if (marks.length > MARKS_KEPT) marks = thinned(marks);
    },
    before: (atMs, firmAtMs) => marks.filter(({ isFirm, receivedAtMs: at }) => at <= atMs || isFirm && at <= firmAtMs).pop(),
    oldest: () => marks[0],
    newest,
    some: (holds) => marks.some(holds),
    clear() {
      marks = [];
    }
  };
}
function isAfter(a, b) {
  return !b || a.mid > b.mid || (a.timeAtMs - b.timeAtMs || a.tag - b.tag) > 0;
}
function isMark(value) {
  const { mid, timeAtMs, tag, receivedAtMs } = Object(value);
  const areNumbers = [timeAtMs, tag, receivedAtMs].every((each) => typeof each === "number");
  return areNumbers && typeof mid === "string" && /^(\d{26})?$/.test(mid);
}
function thinned(marks) {
  const timeOf = (at) => marks[at].receivedAtMs;
  let least = Infinity;
  let drop = 1;
  for (let at = 1; at < marks.length - 2; at++) {
    const share = (timeOf(at + 1) - timeOf(at - 1)) / (timeOf(marks.length - 1) - timeOf(at - 1));
    if (share < least) {
      least = share;
      drop = at;
    }
  }
  return marks.filter((_, at) => at !== drop);
}
const SHORTER_BY = 10;
function createUnfinished() {
  const reached = /* @__PURE__ */ new Map();
  let begun = null;
  let epoch = 0;
  return {
    open(base, channels) {
      if (begun && isAfter(begun, base)) {
        reached.clear();
        epoch++;
      }
      if (!begun || isAfter(begun, base)) begun = base;
      const openedInEpoch = epoch;
      const keys = new Set(channels);
      reached.forEach((_, key) => keys.has(key) || reached.delete(key));
      const placeOf = (at) => {
        const place = reached.get(channels[at]);
        return place && isAfter(place, base) ? place : base;
      };
      const behind = (a, b) => isAfter(placeOf(a), placeOf(b)) ? 1 : 0;
      const all = channels.map((_, at) => at);
      const order = all.slice().sort((a, b) => behind(a, b) - behind(b, a));
      const least = () => all.length ? placeOf(all.reduce((a, b) => behind(a, b) ? b : a)) : base;
      let last = null;
      let turns = 0;
      let passed = 0;
      return {
        order,
        from: least(),
        came(channel, place) {
          if (last && isAfter(last, place)) turns++;
          last = place;
          const named = (at) => channel.toLowerCase().indexOf(channels[at]) === 0;
          const found = channel ? order.findIndex(named) : turns;
          const listed = epoch === openedInEpoch ? order.slice(0, found + 1).map((at) => channels[at]) : [];
          const passing = listed.filter((key) => isAfter(place, reached.get(key)));
          passing.forEach((key) => reached.set(key, place));
          if (passing.length) passed++;
          return least();
        },
        gotFurther() {
          const isShorter = passed >= SHORTER_BY;
          if (isShorter) passed = 0;
          return isShorter;
        }
      };
    }
  };
}
const REPLAY_QUIET_MS = 1e3;
const REPLAY_LONGEST_MS = 1e4;
const REPLAYED_MS = 15e3;
const SORTING_MS = 1e4;
function createPosition(options) {
  const { version, overlapMs, lastMid, left } = options;
  const { originAtMs, originIsServerTime } = left || options;
  const { byMid, placeOf, hintedPlace, startOf, queryOf } = numberingOf(version);
  const origin = startOf(WHOLE_HISTORY, wholeSecond(originAtMs));
  const marks = createMarks();
  const begin = lastMid ? { mid: lastMid, timeAtMs: 0, tag: 0, receivedAtMs: 0, isFirm: true } : null;
  let leftMark = left && left.mark;
  const first = leftMark || begin;
  if (first) marks.add(first);
  let passed = left && left.newest;
  let storeWasEmpty = false;
  let epoch = 0;
  let isBehind = false;
  const unfinished = createUnfinished();
  function oldest() {
    return leftMark || (byMid || originIsServerTime ? void 0 : marks.oldest());
  }
  function safeAt(sinceMs, firmAtMs = sinceMs) {
    const newest = marks.newest();
    const aliveAtMs = newest && byMid ? Math.min(newest.receivedAtMs, sinceMs) : sinceMs;
    return marks.before(aliveAtMs - overlapMs, firmAtMs - overlapMs);
  }
  function newestOf() {
    const newest = marks.newest();
    return passed && isAfter(passed, newest) ? passed : newest;
  }
  function open(link) {
    const isWhole = isBehind;
    const from = isWhole ? void 0 : safeAt(link.sinceMs, link.isAlone ? 0 : link.sinceMs) || oldest();
    let fromOrigin = from ? version === 1 && from.timeAtMs <= wholeSecond(originAtMs) : isWhole || link.resumed || version < 2 || originIsServerTime && !byMid;
    const base = from ? startOf(from.mid, from.timeAtMs) : origin;
    const isAsking = !!from || storeWasEmpty || fromOrigin;
    const openedInEpoch = epoch;
    const surelyStored = { mid: "", timeAtMs: wholeSecond(link.serverNowMs) - 1e3, tag: 0 };
    const reading = byMid || link.isAlone || link.channels.length < 2 || !isAsking ? null : unfinished.open(base, link.channels);
    let holding = !!reading && !link.atomic;
    const query2 = isAsking ? queryOf(reading ? reading.from : base) : {};
    let isAnswered = false;
    let held = null;
    let firstAtMs = 0;
    let heldAtMs = 0;
    let reached = null;
    function isRenumbered({ mid }, publishedAtMs, isOther) {
      const newest = newestOf();
      if (!byMid || !newest || mid > newest.mid) return false;
      if (isOther || from && mid <= from.mid && openedInEpoch === epoch) return true;
      const isLater = (mark) => mid <= mark.mid && Number(publishedAtMs) - SORTING_MS > (mark.publishedAtMs || Infinity);
      return marks.some(isLater) || !!passed && isLater(passed);
    }
    function move(place, nowMs, publishedAtMs, channel) {
      if (holding) {
        if (!firstAtMs) firstAtMs = heldAtMs = nowMs;
        const letInAtMs = link.serverNowMs + (link.unsureMs || 0) + firstAtMs - link.nowMs;
        const live = place.timeAtMs >= wholeSecond(letInAtMs) + 1e3;
        holding = !live && nowMs - heldAtMs < REPLAY_QUIET_MS && nowMs - firstAtMs < REPLAY_LONGEST_MS;
        heldAtMs = nowMs;
        if (holding) {
          if (isAfter(place, held)) held = place;
          const sure = reading && reading.came(channel, place.timeAtMs < surelyStored.timeAtMs ? place : surelyStored);
          if (sure && isAfter(sure, base) && isAfter(sure, marks.newest())) marks.add(__spreadProps(__spreadValues({}, sure), { receivedAtMs: nowMs }));
          return;
        }
        if (held) marks.add(__spreadProps(__spreadValues({}, held), { receivedAtMs: nowMs }));
      }
      const isFirm = options.originIsServerTime && Number(publishedAtMs) > 0 && Number(publishedAtMs) + SORTING_MS < options.originAtMs;
      marks.add(__spreadProps(__spreadValues({}, place), { receivedAtMs: nowMs, publishedAtMs, isFirm }), link.nowMs - SORTING_MS);
    }
    return {
      query: query2,
      order: reading ? reading.order : void 0,
      cutOff: () => void (holding = !!reading),
      isUnfinished: () => holding && !!held,
      gotFurther: () => !!reading && reading.gotFurther(),
      next() {
        if (reached) return queryOf(reached);
        fromOrigin = fromOrigin || !(isAsking || isAnswered);
        return isAsking || !(storeWasEmpty || fromOrigin) ? query2 : queryOf(origin);
      },
      accept(message, nowMs, isOther = false) {
        const place = placeOf(message);
        if (!place || isFromTheFuture(place.mid, link.serverNowMs)) return "news";
        const publishedAtMs = publishedAt(message);
        const began = (newestOf() || place).mid.slice(0, 10);
        const isAnother = Number(began) > 0 && began < place.mid.slice(0, 10);
        const renumbered = isRenumbered(place, publishedAtMs, isOther);
        if (isWhole && openedInEpoch === epoch) isBehind = false;
        if (renumbered) {
          epoch++;
          marks.clear();
          passed = leftMark = null;
          isBehind = true;
        }
        if (renumbered || isAfter(place, reached)) reached = place;
        if (!link.isAlone) move(place, nowMs, publishedAtMs, message.channel);
        if (fromOrigin && isBeforeStart(message)) return "before-start";
        return renumbered ? "renumbered" : isAnother ? "another-store" : "news";
      },
      emptyPoll(hint, nowMs) {
        isAnswered = true;
        if (from || reached) return;
        if (byMid && hint.lastMessageId === "") storeWasEmpty = true;
        reached = hintedPlace(hint);
        const isFirm = nowMs - link.nowMs > SORTING_MS;
        if (reached && !marks.newest()) marks.add(__spreadProps(__spreadValues({}, reached), { receivedAtMs: nowMs, isFirm }));
      }
    };
  }
  function isBeforeStart(message) {
    const publishedAtMs = byMid ? publishedAt(message) || createdAt(message) : message.timeAtMs;
    return publishedAtMs !== null && publishedAtMs < wholeSecond(originAtMs);
  }
  function createdAt({ createdAtMs }) {
    return createdAtMs && Math.abs(createdAtMs - originAtMs) < HISTORY_MS ? createdAtMs : null;
  }
  return {
    open,
    describe() {
      const newest = marks.newest();
      return newest ? queryOf(newest) : {};
    },
    state(owedSinceMs = Infinity) {
      const newest = marks.newest();
      const mark = !isBehind && newest && (safeAt(Math.min(newest.receivedAtMs, owedSinceMs), owedSinceMs) || oldest()) || null;
      return { originAtMs, originIsServerTime, mark, newest: isBehind ? null : newestOf() };
    }
  };
}
function neededSince({ mark }) {
  return mark ? mark.receivedAtMs - REPLAYED_MS : 0;
}
function isPositionState(value) {
  const { originAtMs, originIsServerTime, mark, newest } = Object(value);
  return typeof originIsServerTime === "boolean" && typeof originAtMs === "number" && (mark === null || isMark(mark)) && (!newest || isMark(newest));
}
function requestUrl(base, parameters, keepSlashes = false) {
  const [path, ...queries] = base.split("#")[0].split("?");
  const names = parameters.map(([name]) => name);
  const kept = queries.join("?").split("&").filter((part) => part && names.indexOf(nameOf(part)) < 0);
  const added = parameters.map(([name, value]) => {
    const encoded = encodeURIComponent(value);
    return `${encodeURIComponent(name)}=${keepSlashes ? encoded.replace(/%2F/g, "/") : encoded}`;
  });
  return `${path}?${kept.concat(added).join("&")}`;
}
function nameOf(part) {
  const name = part.split("=")[0];
  try {
    return decodeURIComponent(name);
  } catch (e) {
    return name;
  }
}
function candidatesOf({ version, endpoints }, wanted, platform, built) {
  const usable = [];
  const missing = {};
  const spoken = !version ? ["interval-polling"] : version > 4 ? ["websocket"] : ["websocket", "sse", "long-polling"];
  const isComplete = version || wanted.length < 2 || wanted.indexOf("interval-polling") >= 0;
  const kinds = isComplete ? wanted : wanted.concat("interval-polling");
  kinds.forEach((kind2) => {
    if (!(kind2 === "websocket" ? platform.webSocket : platform.fetch)) missing[kind2] = "unsupported";
    else if (spoken.indexOf(kind2) < 0) missing[kind2] = "not-spoken";
    else if (!built.codec || !built.factories[kind2]) missing[kind2] = "not-built-in";
    else if (!endpointOf(endpoints, kind2)) missing[kind2] = "not-configured";
    else usable.push({ kind: kind2, ownAddress: kind2 === "sse" && endpoints.sse !== null });
  });
  return { usable, missing };
}
function endpointOf(endpoints, kind2) {
  if (kind2 === "interval-polling") return endpoints.intervalPolling;
  return kind2 === "websocket" ? endpoints.websocket : kind2 === "sse" && endpoints.sse || endpoints.longPolling;
}
function noTransport({ version }, { missing }) {
  const reasons = Object.entries(missing).map((reason) => reason.join(": "));
  const message = `No transport works here with push server version ${version} (${reasons.join(", ")}): ask for another one, or add what is missing to options.platform.`;
  return new PullError("no-transport", message, { facts: { skipped: missing, version } });
}
const REVISION$1 = 19;
function addressOf(config, kind2, options) {
  const { version } = config;
  const { framing, cursor, href } = options;
  const isWebSocket = kind2 === "websocket";
  let base = absolute(endpointOf(config.endpoints, kind2) || "", href);
  if (framing === "php")
    return { url: `${base}${base.indexOf("?") < 0 ? "?" : "&"}UPDATE_STATE`, form: formOf(config, cursor) };
  if (isWebSocket) base = base.replace(/^http/i, "ws");
  const url = query(
    base,
    __spreadProps(__spreadValues(__spreadValues(__spreadValues(__spreadValues({}, whoAsks(config)), framed(kind2, options, config)), whose(config)), cursor), { revision: REVISION$1 }),
    version
  );
  return version === 1 && !isWebSocket && cursor.time ? { url, headers: { "If-Modified-Since": cursor.time } } : { url };
}
function publishAddressOf(config, href) {
  const { publish: publish2 } = config.endpoints;
  return publish2 && query(absolute(publish2, href), __spreadValues(__spreadValues({}, whoAsks(config)), whose(config)), config.version);
}
function isBinary(config, kind2, framing) {
  return framing === "protobuf" && !(kind2 === "sse" && config.endpoints.sse);
}
function targetOf({ version, endpoints, clientId, hostname, mode, channels, jwt }) {
  return JSON.stringify([version, endpoints, clientId, hostname, mode, channelQuery(channels) || jwt]);
}
function whoAsks({ jwt, channels }) {
  return jwt ? { token: jwt } : { CHANNEL_ID: channelQuery(channels) };
}
function whose({ mode, clientId, hostname }) {
  return { clientId: mode === "shared" ? clientId : null, hostname };
}
function framed(kind2, { framing }, config) {
  if (framing === "json") return { format: "json" };
  return { jsonRpc: framing === "json-rpc", binaryMode: isBinary(config, kind2, framing) };
}
function formOf({ channels, sessid, siteId }, { mid }) {
  return {
    PULL_UPDATE_STATE: "Y",
    CHANNEL_ID: channelQuery(channels),
    CHANNEL_LAST_ID: String(Number((mid || "0").slice(10))),
    SITE_ID: siteId || "",
    PULL_AJAX_CALL: "Y",
    sessid: sessid || ""
  };
}
function absolute(base, href) {
  return href && !/^\w+:/.test(base) ? new URL(base, href).href : base;
}
function query(base, said, version) {
  const names = Object.keys(said).filter((name) => said[name] || said[name] === 0);
  return requestUrl(
    base,
    names.map((name) => [name, String(said[name])]),
    version === 1
  );
}
function printsOf(channels) {
  return channels.map(({ id }) => fingerprint(mailboxOf(id.reveal())));
}
const READ_AFTER_MS = 3e3;
function createArrivals() {
  let known = null;
  let firstAtMs = 0;
  const ended = /* @__PURE__ */ new Map();
  const unread = /* @__PURE__ */ new Map();
  const endedSinceMs = () => Math.min(...Array.from(ended.values()));
  function leastAt(atMs) {
    let least = Infinity;
    unread.forEach((each) => {
      if (atMs < each.readAtMs) least = Math.min(least, each.sinceMs);
    });
    return least;
  }
  return {
    opening({ id, sinceMs }, channels, clock, nowMs) {
      const prints = printsOf(channels);
      const old = known || prints;
      if (!known) firstAtMs = nowMs;
      unread.forEach((each, print) => {
        if (prints.indexOf(print) < 0 || sinceMs >= each.readAtMs) unread.delete(print);
      });
      const isFresh = (_, at) => old.indexOf(prints[at]) < 0;
      const fresh = channels.filter(isFresh);
      if (fresh.length) {
        const isDated = clock.uncertaintyMs < Infinity;
        const starts = fresh.map(({ startAtMs }) => isDated && startAtMs ? startAtMs + clock.shiftMs : nowMs);
        const startedAtMs = Math.max(firstAtMs, Math.min(nowMs, endedSinceMs(), ...starts));
        const entry = () => ({ sinceMs: startedAtMs, firstId: id, readAtMs: Infinity });
        prints.filter(isFresh).forEach((print) => unread.set(print, entry()));
      }
      ended.forEach((_, print) => prints.indexOf(print) < 0 && ended.delete(print));
      if (!known || fresh.length) known = prints;
      return leastAt(sinceMs);
    },
    heard(linkId, nowMs, tookMs = 0) {
      const readAtMs = nowMs + Math.max(READ_AFTER_MS, tookMs);
      unread.forEach((each) => {
        if (linkId >= each.firstId) each.readAtMs = Math.min(each.readAtMs, readAtMs);
      });
    },
    left(linkId, atMs) {
      unread.forEach((each) => {
        if (linkId >= each.firstId && atMs < each.readAtMs) each.readAtMs = Infinity;
      });
    },
    ended(channelId2, nowMs) {
      const print = fingerprint(mailboxOf(channelId2));
      ended.set(print, Math.min(nowMs, ended.get(print) || nowMs));
    },
    renewed(channels) {
      const prints = printsOf(channels);
      const old = known;
      if (old && prints.every((print) => old.indexOf(print) >= 0)) ended.clear();
      else prints.forEach((print) => ended.delete(print));
    },
    unreadSinceMs: (nowMs) => Math.min(endedSinceMs(), leastAt(nowMs)),
    restore(read2) {
      known = read2.length ? read2 : null;
    }
  };
}
const DISABLED = ["SERVER_ERROR", "ERROR_OPEN_CHANNEL", "PULL_MODULE_IS_NOT_INSTALLED"];
function openAnswer(raw) {
  const answer = toRecord(raw);
  if ("server" in answer) return [raw, null];
  if (errorCodeOf(raw) !== null) throw portalError(raw);
  const config = "result" in answer ? answer["result"] : "data" in answer ? answer["data"] : raw;
  return [config, toInstantMs(toRecord(answer["time"])["date_finish"])];
}
function errorCodeOf(raw) {
  const answer = toRecord(raw);
  let code = answer["error"];
  if (!code) {
    if (!answer["status"] || answer["status"] === "success") return null;
    code = toRecord(Object(answer["errors"])[0])["code"];
  }
  return typeof code === "string" && /^([A-Z_]+|[a-z_]+)$/.test(code) ? code : "";
}
function portalError(answer, httpStatus, cause) {
  const portalCode = errorCodeOf(answer) || null;
  const told = ["error", httpStatus, portalCode].filter(Boolean).join(" ");
  let code = "config-unavailable";
  let cure = "check network, CORS and url (absolute without a page); not JSON: a login page?";
  const isRefused2 = /\b(AUTHORIZE_ERROR|WRONG_AUTH_TYPE|401|403)\b/.test(told);
  if (/session_failed|invalid_csrf/.test(told)) {
    if (isRefused2) code = "forbidden";
    cure = "log in, and pass the sessid of this login";
  } else if (portalCode && DISABLED.indexOf(portalCode) >= 0) {
    code = "disabled";
    cure = "set up the push server of the portal";
  } else if (isRefused2) {
    code = "forbidden";
    cure = "log in, or pass guestUserId; applications call pull.application.config.get";
  }
  return new PullError(code, `Asking the portal failed (${told}): ${cure}`, {
    retryable: code !== "forbidden",
    facts: { portalCode, httpStatus },
    cause
  });
}
function encodeForm(values) {
  const fields = [];
  Object.keys(values).forEach((name) => addField(fields, encodeURIComponent(name), values[name]));
  return fields.join("&");
}
function addField(fields, name, value) {
  if (typeof value === "object" && value !== null) {
    const items = value;
    Object.keys(items).forEach((key) => addField(fields, `${name}[${encodeURIComponent(key)}]`, items[key]));
  } else if (value !== void 0 && value !== null && value !== "") {
    fields.push(`${name}=${encodeURIComponent(typeof value === "boolean" ? Number(value) : String(value))}`);
  }
}
function createSessionId(option) {
  let stale;
  let fresh = null;
  return async (ask2) => {
    const given = (typeof option === "function" ? option() : option) || null;
    const sent = given === stale ? fresh : given;
    const reply = await ask2(sent);
    const next = renewedSessionId(reply[1]);
    if (!next || next === sent) return reply;
    stale = given;
    fresh = next;
    return ask2(next);
  };
}
function renewedSessionId(raw) {
  const answer = toRecord(raw);
  switch (errorCodeOf(answer)) {
    case "session_failed":
      return toText$1(answer["sessid"]);
    case "invalid_csrf":
      return toText$1(toRecord(toRecord(Object(answer["errors"])[0])["customData"])["csrf"]);
    default:
      return isPhpSessionError(answer["ERROR"]) ? toText$1(answer["BITRIX_SESSID"]) : null;
  }
}
function isPhpSessionError(code) {
  return code === "SESSION_ERROR" || code === "AUTHORIZE_ERROR";
}
const ACTIONS = {
  "pull.config.get": "pull.api.config.get",
  "pull.watch.extend": "pull.api.config.extendWatch",
  "pull.channel.public.list": "pull.api.channel.getPublicIds",
  "pull.api.user.getLastSeen": "pull.api.user.getLastSeen"
};
const ACTION = /([?&]action=)[^&]*/;
function httpPortal(options) {
  const { method = "POST", guestUserId } = options;
  const isController = ACTION.test(options.url);
  const withSessionId = createSessionId(options.sessid);
  function urlOf(called) {
    const { url } = options;
    if (called === "pull.config.get") return url;
    if (isController) return url.replace(ACTION, `$1${ACTIONS[called]}`);
    return url.replace(/[^/?]*(\?.*)?$/, `${called}.json$1`);
  }
  return async (call2) => {
    const params = {};
    Object.keys(call2.params).forEach((name) => {
      params[isController ? name.replace(/^[A-Z]+$/, (capitals) => capitals.toLowerCase()) : name] = call2.params[name];
    });
    if (isController && !ACTIONS[call2.method])
      throw new PullError("not-supported", `Controllers lack ${call2.method}: use restConfig`);
    if (guestUserId && call2.method !== "pull.config.get" && call2.method !== "server.time") {
      throw new PullError("forbidden", `Guests may not call ${call2.method}: log in`);
    }
    const ask2 = (sessid) => {
      const form = encodeForm(__spreadProps(__spreadValues({}, params), { sessid, pull_guest_id: guestUserId || null }));
      const isGet = method === "GET";
      const query2 = [call2.logTag && encodeForm({ logTag: call2.logTag }), isGet && form].filter(Boolean).join("&");
      const url = urlOf(call2.method);
      return send(options, call2, {
        url: url + (query2 && (url.includes("?") ? "&" : "?") + query2),
        method,
        body: isGet ? null : form,
        headers: isController && sessid ? { "X-Bitrix-Csrf-Token": sessid } : {},
        parse: parseJson
      });
    };
    const [response, answer] = await withSessionId(ask2);
    if (!response.ok || answer === void 0) throw portalError(answer, response.status);
    return answer;
  };
}
async function send(options, { fetch, signal }, { url, method, body, headers, parse: parse2 }) {
  const run = options.fetch || fetch;
  if (!run) throw new PullError("bad-option", "No fetch here: pass one to the configuration source");
  try {
    const response = await run(url, {
      method,
      credentials: options.credentials || "same-origin",
      cache: "no-store",
      signal,
      headers: __spreadValues(__spreadValues(__spreadValues({}, body !== null && { "Content-Type": "application/x-www-form-urlencoded" }), headers), options.headers),
      body
    });
    return [response, parse2(await response.text())];
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw portalError(null, void 0, body === null ? void 0 : thrown);
  }
}
function parseJson(body) {
  try {
    return JSON.parse(body);
  } catch (e) {
    return void 0;
  }
}
const MAX_LENGTH = 32 * 1024 * 1024;
const MAX_DEPTH = 64;
const WORDS = { true: true, false: false, null: null };
const WORD = /[-+.\w$]{1,64}/y;
const NUMBER = /^[-+]?\.?\d/;
const ESCAPES = {
  n: "\n",
  r: "\r",
  t: "	",
  b: "\b",
  f: "\f",
  v: "\v",
  0: "\0",
  "\n": ""
};
function readPhpLiteral(text2) {
  let at = 0;
  function peek() {
    while (text2.charCodeAt(at) <= 32 || text2[at] === "\uFEFF") at++;
    return text2.charAt(at);
  }
  function take(char) {
    const isNext = peek() === char;
    if (isNext) at++;
    return isNext;
  }
  function must(holds) {
    if (!holds) throw new SyntaxError();
  }
  function readValue(depth) {
    const open = peek();
    if (open === '"' || open === "'") return readString();
    if (open !== "[" && open !== "{") {
      const word = readWord();
      if (Object.prototype.hasOwnProperty.call(WORDS, word)) return WORDS[word];
      const number = NUMBER.test(word) ? Number(word) : NaN;
      must(!isNaN(number));
      return number;
    }
    must(depth < MAX_DEPTH);
    at++;
    const list = [];
    const record = {};
    const close = open === "[" ? "]" : "}";
    while (!take(close)) {
      if (open === "[") list.push(readValue(depth + 1));
      else {
        const key = /["']/.test(peek()) ? readString() : readWord();
        must(take(":"));
        const value = readValue(depth + 1);
        if (key !== "__proto__") record[key] = value;
      }
      must(take(",") || peek() === close);
    }
    return open === "[" ? list : record;
  }
  function readWord() {
    peek();
    WORD.lastIndex = at;
    const found = WORD.exec(text2);
    must(!!found);
    at = WORD.lastIndex;
    return found[0];
  }
  function readString() {
    let value = "";
    do {
      const quote = peek();
      must(quote === '"' || quote === "'");
      let from = ++at;
      for (; text2[at] !== quote; at++) {
        must(at < text2.length);
        if (text2[at] !== "\\") continue;
        value += text2.slice(from, at++) + readEscape();
        from = at + 1;
      }
      value += text2.slice(from, at++);
    } while (take("+"));
    return value;
  }
  function readEscape() {
    const letter = text2.charAt(at);
    const digits = letter === "x" ? 2 : letter === "u" ? 4 : 0;
    if (!digits) return letter in ESCAPES ? ESCAPES[letter] : letter;
    const hex = text2.slice(at + 1, at + 1 + digits);
    must(hex.length === digits && /^[\da-f]+$/i.test(hex));
    at += digits;
    return String.fromCharCode(parseInt(hex, 16));
  }
  try {
    must(text2.length <= MAX_LENGTH);
    const value = readValue(0);
    take(";");
    must(peek() === "");
    return value;
  } catch (e) {
    return void 0;
  }
}
const PHP_ENDPOINT = "/bitrix/components/bitrix/pull.request/ajax.php";
const USABLE_URL = /^(?:(?:http|ws)(s?):(?=\/\/))?(\.*\/\/?[^/?#\s][^#\s]*)$/i;
function endpointsOf(server, secure) {
  function pick(scheme, name, secureUrl = server[`${name}_secure`]) {
    const urls = [usableUrl(scheme, server[name]), usableUrl(scheme, secureUrl)];
    return secure && urls[1] || urls[0] || urls[1];
  }
  return {
    websocket: isOn(server["websocket_enabled"]) ? pick("ws", "websocket") : null,
    sse: pick("http", "sse"),
    // The misspelt key is the real one, the other is what some documentation says.
    longPolling: pick("http", "long_polling", server["long_pooling_secure"] || server["long_polling_secure"]),
    // A portal without a queue server is polled itself: where every portal can be, unless it says otherwise.
    intervalPolling: pick("http", "interval_polling") || (toNumber(server["version"]) === 0 ? PHP_ENDPOINT : null),
    publish: isOn(server["publish_enabled"]) ? pick("http", "publish") : null
  };
}
function usableUrl(scheme, value) {
  const parts = USABLE_URL.exec(toText$1(value) || "");
  if (!parts) return null;
  const rest = parts[2];
  return parts[1] === void 0 ? rest : `${scheme}${parts[1].toLowerCase()}:${rest}`;
}
function transform(read2) {
  return read2;
}
function object$1(shape) {
  return (value) => {
    const values = {};
    Object.keys(shape).forEach((key) => values[key] = shape[key](value[key]));
    return values;
  };
}
function parse$1(schema, given) {
  return schema(given);
}
function readPublicChannels(raw) {
  const given = Object(raw);
  const channels = /* @__PURE__ */ new Map();
  Object.keys(given).forEach((key) => {
    const { user_id: userId, public_id: id, signature, end } = toRecord(given[key]);
    const user = toNumber(userId) || Number(key);
    if (user % 1 !== 0 || !isHex(id, /^[\da-f]{32}$/i) || !isHex(signature, /^([\da-f]{40})?$/i)) return;
    channels.set(user, { id, signature, endAtMs: toInstantMs(end) });
  });
  return channels;
}
function isHex(value, pattern) {
  return typeof value === "string" && pattern.test(value);
}
function readChannel(raw) {
  const channel = toRecord(raw);
  return {
    id: toChannelId(channel["id"]),
    startAtMs: toInstantMs(channel["start"]),
    endAtMs: toInstantMs(channel["end"])
  };
}
function parseChannelSuccessor(raw) {
  const channel = readChannel(raw);
  return channel.id !== null && channel.endAtMs !== null ? channel : null;
}
const NO_OBJECT = "must be an object: see pull.config.get";
const text = transform(toText$1);
const instant = transform(toInstantMs);
const configSchema = object$1({
  clientId: text,
  jwt: text,
  exp: instant,
  serverTime: instant,
  sessid: text,
  site_id: text,
  last_id: transform(toMid$1)
});
const serverSchema = object$1({
  version: transform(toVersion),
  server_enabled: transform(isNotOff),
  mode: text,
  hostname: text
});
function parseConfig(raw, options) {
  const [given, answeredAtMs] = openAnswer(raw);
  const config = toRecord(given);
  const rawServer = toRecord(config["server"]);
  const { clientId, jwt, exp, serverTime, sessid, site_id: siteId, last_id: lastMid } = parse$1(configSchema, config);
  const { version, server_enabled: enabled, mode, hostname } = parse$1(serverSchema, rawServer);
  const endpoints = endpointsOf(rawServer, options.secure);
  const publicId = toChannelId(toRecord(toRecord(config["channels"])["private"])["public_id"]);
  const issues = [];
  const wrong = (path, message) => issues.push({ path, message });
  const isUsed = enabled && version !== 0;
  if (!isRecord(given)) wrong("(root)", NO_OBJECT);
  else if (!isRecord(config["server"])) wrong("server", NO_OBJECT);
  else if (isUsed) {
    if (!version) wrong("server.version", "must be a whole number");
    if (!endpoints.websocket && !endpoints.sse && !endpoints.longPolling) {
      wrong("server", "has no usable URL (websocket needs websocket_enabled)");
    }
  }
  const needsChannels = isUsed && jwt === null && isRecord(given);
  const channels = readChannels(config["channels"], needsChannels ? wrong : () => {
  });
  if (issues.length) {
    const list = issues.map(({ path, message }) => `${path} ${message}`).join("; ");
    throw new PullError("bad-config", `Bad push configuration: ${list}`, { facts: { issues } });
  }
  return {
    version: version || 0,
    enabled,
    mode: mode === "shared" ? mode : "personal",
    hostname,
    endpoints,
    channels: channelSet(channels),
    publicChannels: readPublicChannels(config["publicChannels"]),
    publicId: publicId === null ? null : channelId(publicId),
    clientId,
    sessid,
    siteId,
    lastMid,
    jwt,
    expiresAtMs: exp,
    serverTimeAtMs: serverTime || answeredAtMs
  };
}
function toVersion(value) {
  const version = toNumber(value);
  return version >= 0 && version % 1 === 0 ? version : NaN;
}
function toMid$1(value) {
  const id = toText$1(value) || String(value);
  return /^\d{1,26}$/.test(id) ? id.padStart(26, "0") : null;
}
function readChannels(value, wrong) {
  const given = Object(value);
  const channels = [];
  const keys = Object.keys(given).sort();
  let hasAny = false;
  for (const key of keys) {
    const raw = toRecord(given[key]);
    if (!raw["id"]) continue;
    hasAny = true;
    const { id, startAtMs, endAtMs } = readChannel(raw);
    if (id !== null) channels.push({ type: toText$1(raw["type"]) || key, id: channelId(id), startAtMs, endAtMs });
    else wrong(`channels.${key.length < 9 ? key : "*"}.id`, "must be one signed channel id");
  }
  if (!hasAny) wrong("channels", "has no id, and there is no jwt: log in");
  return channels;
}
const IDLE$1 = {
  phase: "idle",
  reason: "start",
  dueAtMs: Infinity,
  loadedAtMs: 0,
  failures: 0,
  stale: 0
};
const FLOOR_MS = 5e3;
const COUNTS_WHILE = { start: "idle", loaded: "loading", failed: "loading", wanted: "planned", due: "planned" };
function configStep(state, event, nowMs, chance) {
  if (event.type === "stop") return IDLE$1;
  if (state.phase !== COUNTS_WHILE[event.type]) return state;
  switch (event.type) {
    case "start":
    case "due":
      return __spreadProps(__spreadValues({}, state), { phase: "loading", loadedAtMs: nowMs });
    case "loaded": {
      const renewAtMs = event.renewAtMs || Infinity;
      const stale = renewAtMs > nowMs ? 0 : state.stale + 1;
      const dueAtMs = stale ? nowMs + doubled(6e4, stale, 36e5) : Math.max(renewAtMs, state.loadedAtMs + FLOOR_MS);
      return __spreadProps(__spreadValues({}, state), { phase: "planned", reason: "expiring", dueAtMs, failures: 0, stale });
    }
    case "failed": {
      const failures = state.failures + 1;
      const dueAtMs = nowMs + doubled(5e3, failures, 6e4) * (1 + 0.25 * chance);
      return __spreadProps(__spreadValues({}, state), { phase: "planned", dueAtMs, failures });
    }
    case "wanted": {
      const dueAtMs = Math.max(nowMs + event.withinMs * chance, state.loadedAtMs + FLOOR_MS);
      const isOverdue = state.dueAtMs < nowMs;
      return isOverdue || dueAtMs < state.dueAtMs ? __spreadProps(__spreadValues({}, state), { reason: event.reason, dueAtMs }) : state;
    }
    default:
      return event;
  }
}
function doubled(firstMs, times, longestMs) {
  return Math.min(longestMs, firstMs * 2 ** (times - 1));
}
function createConfigLoader(deps, adopt) {
  const { platform, clock } = deps;
  let state = IDLE$1;
  let timer = null;
  let hasLoaded = false;
  let giveUp = () => {
  };
  function dispatch(event) {
    const before = state;
    const nowMs = clock.now();
    state = configStep(state, event, nowMs, platform.random());
    if (state === before) return;
    clock.clearTimeout(timer);
    if (state.phase === "loading") void load();
    else if (state.dueAtMs < Infinity) {
      timer = clock.setTimeout(() => dispatch({ type: "due" }), Math.min(state.dueAtMs - nowMs, 2 ** 31 - 1));
    }
  }
  async function load() {
    const request = new AbortController();
    const sentAtMs = clock.now();
    deps.asked();
    const late = new Promise((_, reject) => {
      giveUp = () => {
        const message = "No configuration came in time: check that the portal answers.";
        reject(new PullError("config-unavailable", message, { retryable: true }));
        request.abort();
      };
    });
    const deadline = clock.setTimeout(giveUp, deps.timeouts.configMs);
    try {
      const { fetch, storage } = platform;
      const asked = deps.source({ reason: state.reason, signal: request.signal, fetch, storage, clock: platform.clock });
      const raw = await Promise.race([asked, late]);
      if (state.phase !== "loading") return;
      const renewAtMs = adopt(parseConfig(raw, { secure: deps.secure }), sentAtMs);
      hasLoaded = true;
      dispatch({ type: "loaded", renewAtMs });
    } catch (thrown) {
      if (state.phase !== "loading") return;
      const error = toPullError(thrown, "config-unavailable", "The configuration source failed: see `cause`.", true);
      const isFinal = !error.retryable && (!hasLoaded || error.code === "forbidden" || error.code === "disabled");
      if (isFinal) return deps.fatal(error);
      deps.warn(error);
      dispatch({ type: "failed" });
    } finally {
      clock.clearTimeout(deadline);
    }
  }
  return {
    start: () => dispatch({ type: "start" }),
    want: (reason, withinMs = 0) => dispatch({ type: "wanted", reason, withinMs }),
    stop() {
      dispatch({ type: "stop" });
      giveUp();
    }
  };
}
function createCounters() {
  return { frames: 0, events: 0, repeats: 0, bad: 0, beforeStart: 0, commands: 0, configLoads: 0, opened: 0, lost: 0 };
}
const WRITE_EVERY_MS = 1e3;
const inUse = /* @__PURE__ */ new WeakMap();
function ownerOf({ channels, version }) {
  const [first] = channels;
  return first ? fingerprint(`${first.id.reveal().split(/[:.]/)[0].toLowerCase()}|v${version}`) : null;
}
function heardUntil({ position: { mark, originAtMs } }, clockShiftMs) {
  return mark ? mark.receivedAtMs : originAtMs + clockShiftMs;
}
function areTexts(value) {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
function createCursorStore(deps) {
  const { platform, clock, reloadMs, dedupe, current, downSinceMs } = deps;
  const { told } = clock;
  const { page } = platform;
  const storage = reloadMs > 0 ? platform.tabStorage : null;
  let name = "";
  let before = null;
  let writtenAtMs = 0;
  let timer = null;
  let isSoon = false;
  let isAway = false;
  let unlisten = () => {
  };
  function attempt2(use) {
    try {
      return storage && use(storage);
    } catch (e) {
      return null;
    }
  }
  function put(entry) {
    if (!attempt2((open) => (open.setItem(name, JSON.stringify(entry)), true))) remove();
  }
  function remove() {
    attempt2((open) => open.removeItem(name));
  }
  function write(how) {
    const { owner, position, serverTime, counts, read: read2, owedSinceMs } = current();
    clock.clearTimeout(timer);
    isSoon = false;
    if (before) put(__spreadProps(__spreadValues({}, before), { how }));
    if (before || !owner || !position) return;
    writtenAtMs = clock.now();
    const state = position.state(owedSinceMs);
    const seen = dedupe.recent(neededSince(state));
    const shiftMs = serverTime.laterMs === void 0 ? null : told(serverTime.shiftMs);
    const downMs = downSinceMs();
    const sinceMs = told(downMs === null ? writtenAtMs : downMs);
    const left = { position: toldState(state), counts: toldCounts(counts) };
    put(__spreadProps(__spreadValues({}, left), { how, owner, atMs: told(writtenAtMs), sinceMs, shiftMs, seen, read: read2 }));
    if (how === "alive") plan(Math.min(reloadMs / 4, 36e5));
  }
  function toldState(state) {
    const { mark, newest } = state;
    const at = (place) => __spreadProps(__spreadValues({}, place), { receivedAtMs: told(place.receivedAtMs) });
    return __spreadProps(__spreadValues({}, state), { mark: mark && at(mark), newest: newest && at(newest) });
  }
  function toldCounts(counts) {
    const all = {};
    Object.keys(counts).forEach((print) => {
      const counted = Object(counts[print]);
      all[print] = [Number(counted[0]), told(Number(counted[1]))];
    });
    return all;
  }
  function plan(delayMs) {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => write("alive"), delayMs);
  }
  function found(text2) {
    try {
      const entry = JSON.parse(text2 || "");
      const { how, atMs, position, seen } = entry;
      const ageMs = clock.now() - atMs;
      const isOurs = how === "left" || !page || !!page.isReload;
      const isSound = isPositionState(position) && entry.sinceMs > 0 && [seen, entry.read].every(areTexts);
      return isOurs && isSound && ageMs >= 0 && ageMs < reloadMs ? entry : null;
    } catch (e) {
      return null;
    }
  }
  return {
    start() {
      if (!storage) return;
      const names = inUse.get(storage) || /* @__PURE__ */ new Set();
      inUse.set(storage, names);
      for (let at = 0; !name || names.has(name); at++) name = `bx-pull-position-${at}`;
      names.add(name);
      before = found(attempt2((open) => open.getItem(name)));
      if (before) write("alive");
      else remove();
      if (!page) return;
      unlisten = page.listen((signal) => {
        if (signal === "pagehide") isAway = true;
        else if (signal !== "hidden" && signal !== "offline") isAway = false;
        if (signal !== "pagehide" && signal !== "pageshow" && signal !== "hidden") return;
        write(isAway ? "left" : "alive");
      });
    },
    take(owner) {
      const entry = before;
      before = null;
      if (!entry || entry.owner !== owner) return null;
      dedupe.restore(entry.seen, entry.position.mark ? entry.position.mark.receivedAtMs : 0);
      return entry;
    },
    moved() {
      if (!name || isAway) return;
      const waitMs = writtenAtMs + WRITE_EVERY_MS - clock.now();
      if (waitMs <= 0) write("alive");
      else if (!isSoon) {
        plan(waitMs);
        isSoon = true;
      }
    },
    stop() {
      unlisten();
      clock.clearTimeout(timer);
      if (!name) return;
      remove();
      inUse.get(storage).delete(name);
      name = "";
    }
  };
}
const SENDERS = ["unknown", "client", "backend"];
function eventOf(message, origin, clock, nowMs, receivedAtMs = nowMs) {
  const { body, mid, channel } = message;
  const publishedAtMs = publishedAt(message);
  const isDated = publishedAtMs !== null;
  return {
    module: body.module_id.toLowerCase(),
    command: body.command,
    params: body.params === void 0 ? {} : body.params,
    extra: __spreadProps(__spreadValues(__spreadValues({}, toRecord(body.extra)), message.sender && { sender: message.sender }), {
      server_time_ago: isDated ? Math.max(0, serverNow(clock, nowMs) - publishedAtMs) / 1e3 : null
    }),
    id: mid,
    channel: channelTypeOf(origin.channels, channel),
    sender: senderOf(message),
    receivedAtMs,
    replayed: isDated && publishedAtMs < serverNow(clock, origin.openedAtMs)
  };
}
function saidAt(message, version, clock, nowMs) {
  const atMs = publishedAt(message) || Number(version) < 3 && message.timeAtMs;
  return Math.min(nowMs, atMs && clock.uncertaintyMs < Infinity ? atMs + clock.shiftMs : Infinity);
}
function datedBy(message, clock, nowMs) {
  const publishedAtMs = publishedAt(message);
  const isPlausible = clock.uncertaintyMs < Infinity || Math.abs(nowMs - Number(publishedAtMs)) < HISTORY_MS;
  return publishedAtMs && isPlausible && senderOf(message).type !== "client" ? observe(clock, publishedAtMs / 1e3, nowMs) : clock;
}
function senderOf({ body, sender }) {
  const { type, id } = sender || toRecord(toRecord(body.extra)["sender"]);
  return { type: SENDERS[Number(type)] || "unknown", id: typeof id === "string" ? id : null };
}
function createExchanges() {
  let ended = [];
  return {
    asked() {
      ended = [];
    },
    ended(channels, id, successor) {
      ended = ended.concat({ id, successor }).slice(-10);
      return successor && replaceChannel(channels, id, successor);
    },
    applied(named) {
      let channels = named;
      let isOld = false;
      for (const { id, successor } of ended) {
        if (channelTypeOf(channels, id) === null) continue;
        channels = successor && replaceChannel(channels, id, successor) || channels;
        isOld = isOld || !successor;
      }
      return { channels, isOld };
    }
  };
}
function framingOf(version, wanted, codecs) {
  if (!version) return "php";
  if (version > 4) return "json-rpc";
  if (version < 4) return "text";
  return wanted !== "auto" ? wanted : codecs.protobuf ? "protobuf" : "text";
}
const TRIES = 3;
const WAIT_MS = 5e3;
function startShortPoll({ clock, holdMs, open, take, told }) {
  const startedAtMs = clock.now();
  let over = false;
  function stop() {
    over = true;
    clock.clearTimeout(patience);
    poll.close();
  }
  function end(word) {
    if (over) return;
    stop();
    told(word);
  }
  const answered2 = () => end("answered");
  const lost2 = () => end("lost");
  let patience = clock.setTimeout(() => {
    patience = clock.setTimeout(lost2, holdMs - WAIT_MS - 1);
    told("waits");
  }, WAIT_MS);
  const poll = open(
    {
      opened: () => {
      },
      frame(frame, isPart = false) {
        take(frame, isPart);
        if (!isPart) answered2();
        return "nothing-new";
      },
      alive: answered2,
      emptyPoll: answered2,
      lost: lost2
    },
    // A gateway lost its patience: the poll was held, and had nothing to bring. Or the page slept, and nobody answered.
    () => (clock.now() - startedAtMs < holdMs ? answered2 : lost2)()
  );
  return stop;
}
const PAUSE_MS$3 = 2e3;
const AT_ONCE = 2;
function createLeftBehind({ clock, read: readBefore, missed }) {
  const standing = /* @__PURE__ */ new Map();
  let read2 = readBefore;
  let readingId = 0;
  let ended = [];
  let tasks = [];
  const lacking = (prints) => read2.length ? prints.filter((print) => read2.indexOf(print) < 0) : [];
  function readUntil({ openedAtMs, askedSinceMs }, heardAtMs) {
    return clock.now() - openedAtMs < READ_AFTER_MS ? askedSinceMs : heardAtMs;
  }
  function ask2({ poll, prints, sinceMs }) {
    if (!poll) return false;
    lacking(prints).forEach((print) => {
      const known = tasks.filter((task2) => task2.print === print)[0];
      if (known && sinceMs >= known.sinceMs) return;
      if (known) drop(known);
      const task = { poll, print, sinceMs, triesLeft: known ? known.triesLeft : TRIES, timer: null, stop: null };
      tasks.push(task);
      plan(task);
    });
    return true;
  }
  function plan(task) {
    task.timer = clock.setTimeout(() => {
      task.timer = null;
      run();
    }, PAUSE_MS$3);
  }
  function run() {
    if (!readingId) return;
    const free = AT_ONCE - tasks.filter(({ stop }) => stop).length;
    const due = tasks.filter(({ timer, stop }) => timer === null && !stop);
    due.slice(0, free).forEach(start);
  }
  function start(task) {
    const told = (word) => {
      if (word === "waits") return;
      task.stop = null;
      const isOver = word === "answered" || !--task.triesLeft;
      if (isOver) drop(task);
      else plan(task);
      run();
      if (isOver && word === "lost") missed(task.sinceMs);
    };
    task.stop = task.poll(task.sinceMs, told, task.print);
  }
  function drop(task) {
    halt(task);
    tasks = tasks.filter((each) => each !== task);
  }
  function halt(task) {
    clock.clearTimeout(task.timer);
    task.timer = null;
    if (task.stop) task.stop();
    task.stop = null;
  }
  function pause() {
    tasks.forEach(halt);
  }
  return {
    read: () => read2.concat(tasks.map(({ print }) => print)),
    sinceMs: () => Math.min(...[...tasks, ...ended, ...standing.values()].map(({ sinceMs }) => sinceMs)),
    readingId: () => readingId,
    opened(link, heardAtMs, owedSinceMs) {
      const { id, prints } = link;
      standing.forEach((part) => {
        part.sinceMs = Math.min(part.sinceMs, owedSinceMs, readUntil(part, heardAtMs));
        part.isOwed = part.isOwed || part.isAfterBreak && owedSinceMs < Infinity;
      });
      const before = read2;
      read2 = prints;
      const isLacking = !readingId && lacking(before).length > 0;
      readingId = id;
      const leftOver = ended.filter((part) => lacking(part.prints).length);
      const askedSinceMs = ended.reduce((least, { sinceMs }) => Math.min(least, sinceMs), link.askedSinceMs);
      standing.set(id, __spreadProps(__spreadValues({}, link), { askedSinceMs, openedAtMs: clock.now(), sinceMs: Infinity, isOwed: false }));
      ended = [];
      const asked = leftOver.map(ask2);
      run();
      return isLacking && asked.indexOf(true) < 0;
    },
    ended(linkId, how, heardAtMs) {
      const part = standing.get(linkId);
      standing.delete(linkId);
      if (linkId === readingId) readingId = 0;
      if (part && !readingId) {
        part.sinceMs = Math.min(part.sinceMs, readUntil(part, heardAtMs));
        ended.push(part);
      } else if (part && lacking(part.prints).length && !ask2(part) && (how === "lost" || part.isOwed)) {
        missed(part.sinceMs);
      }
    },
    failed(link) {
      const { prints, askedSinceMs } = link;
      const known = ended.filter((part) => prints.every((print) => part.prints.indexOf(print) >= 0))[0];
      if (known) known.sinceMs = Math.min(known.sinceMs, askedSinceMs);
      else ended.push(__spreadProps(__spreadValues({}, link), { openedAtMs: clock.now(), sinceMs: askedSinceMs, isOwed: false }));
    },
    pause,
    stop() {
      pause();
      tasks = [];
      ended = [];
      standing.clear();
      readingId = 0;
    }
  };
}
function statusOf$1(state, missing, recovered) {
  const { target, lessons, lastLoss, hasConnected } = state.memory;
  const skipped = __spreadValues(__spreadValues({}, missing), lessons.skipped);
  if (state.phase === "connected") {
    const { kind: kind2, confirmed } = state.active;
    delete skipped[kind2];
    const fact = {
      status: "connected",
      transport: kind2,
      reason: confirmed ? "open" : "unconfirmed",
      skipped
    };
    return recovered ? __spreadProps(__spreadValues({}, fact), { recovered }) : fact;
  }
  const diagnosis = state.phase === "waiting" && diagnose(target.candidates, lessons.skipped);
  const reason = state.phase === "suspended" ? "page-hidden" : diagnosis || (lastLoss ? lastLoss.reason : "starting");
  return { status: hasConnected ? "reconnecting" : "connecting", transport: null, reason, skipped };
}
function downSince(state) {
  return state.phase === "idle" ? null : state.memory.outageSinceMs;
}
function outageOf(state) {
  return state.phase === "waiting" ? state.memory.outageSinceMs : null;
}
function sameStatus(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
const SILENT_MOST_MS = 432e5;
function createLinks(deps) {
  const { clock, arrivals, reader, recovery, uplink } = deps;
  const own = /* @__PURE__ */ new Map();
  const { left } = deps;
  let leftAtMs = left ? left.sinceMs : Infinity;
  const leftBehind = createLeftBehind({
    clock,
    read: left && left.read || [],
    missed: recovery.leftBehind
  });
  arrivals.restore(leftBehind.read());
  let hasOpened = leftAtMs < Infinity;
  let broughtId = 0;
  let heardAtMs = Infinity;
  let saidAtMs = Infinity;
  let doubtedSinceMs = Infinity;
  function open(link, config, position) {
    const { id, kind: kind2 } = link;
    const { channels, version } = config;
    const openedAtMs = clock.now();
    const serverTime = deps.serverTime();
    const framing = deps.framing();
    const codec = deps.codecs[framing];
    const hasActive = deps.state().phase === "connected" && !link.isDoubted;
    const hasMissed = hasOpened || downSince(deps.state()) !== null;
    own.forEach(({ replay: its, openedAtMs: atMs }, other) => its.isUnfinished() && arrivals.left(other, atMs));
    const newSinceMs = arrivals.opening(link, channels, serverTime, openedAtMs);
    if (link.isDoubted) doubtedSinceMs = Math.min(doubtedSinceMs, heardAtMs);
    const isDeaf = version === 1 && kind2 === "websocket";
    const silentSinceMs = isDeaf ? Math.max(heardAtMs, openedAtMs - SILENT_MOST_MS) : Infinity;
    const missedSinceMs = Math.min(link.sinceMs, newSinceMs, doubtedSinceMs, silentSinceMs, leftAtMs);
    const sinceMs = Math.min(missedSinceMs, recovery.owedSinceMs());
    const ask2 = {
      nowMs: openedAtMs,
      sinceMs,
      serverNowMs: serverNow(serverTime, openedAtMs),
      unsureMs: serverTime.laterMs === void 0 ? serverTime.uncertaintyMs : serverTime.laterMs,
      channels: channels.map((channel) => mailboxOf(channel.id.reveal())),
      // An attempt that failed may have eaten a message, and took its time: what came meanwhile is asked for as well. On a
      // Node server that is the whole history, once an hour at the most: then the transport that works is tried first.
      resumed: hasOpened || id > 1
    };
    const replayed = isDeaf ? [] : ask2.channels;
    const replay = position.open(__spreadProps(__spreadValues({}, ask2), { channels: replayed, atomic: kind2 === "long-polling" }));
    const read2 = {
      codec,
      replay,
      origin: { channels, openedAtMs },
      isPassed: () => id < broughtId,
      reply: (frame) => void deps.reply(id, frame),
      answered: (answer) => uplink.answered(id, answer)
    };
    const listed = ({ order }) => order ? __spreadProps(__spreadValues({}, config), { channels: order.map((at) => channels[at]) }) : config;
    const address = (as, cursor, of = listed(replay)) => addressOf(of, as, { framing, cursor, href: deps.href });
    const prints = printsOf(channels);
    const factory = deps.factories["long-polling"];
    const wholeOf = version < 3 ? codec.wholeOf : void 0;
    const mayPoll = factory && deps.candidates().some((other) => other.kind === "long-polling");
    const recovering = {
      id,
      version,
      kind: kind2,
      prints,
      missedSinceMs: hasMissed && (!hasActive || newSinceMs < link.sinceMs || silentSinceMs < Infinity && mayPoll) ? missedSinceMs : null,
      askedSinceMs: sinceMs,
      ownSinceMs: missedSinceMs,
      isAfterBreak: hasMissed && !hasActive,
      // Version 5 replays over WebSocket alone.
      poll: mayPoll && version < 5 ? poll : null,
      release: (frame) => void reader.take(frame, read2)
    };
    own.set(id, { replay, askedAtMs: openedAtMs, openedAtMs: Infinity, link: recovering });
    function poll(fromMs, told, print) {
      const asking = position.open(__spreadProps(__spreadValues({}, ask2), {
        nowMs: clock.now(),
        sinceMs: fromMs,
        resumed: true,
        atomic: true,
        isAlone: !!print
      }));
      const alone = print ? __spreadProps(__spreadValues({}, config), { channels: channels.filter((_, at) => prints[at] === print) }) : listed(asking);
      return startShortPoll({
        told,
        clock,
        holdMs: deps.timeouts.pollHoldMs,
        take(frame, isPart) {
          if (isPart) asking.cutOff();
          if (reader.take(frame, __spreadProps(__spreadValues({}, read2), { replay: asking })) === "news") recovery.passed();
        },
        open: (sink, again) => factory({
          clock,
          fetch: deps.platform.fetch,
          webSocket: null,
          timeouts: deps.timeouts,
          mayBecomeLongPoll: false,
          binary: isBinary(config, "long-polling", framing),
          wholeOf,
          address(phase) {
            if (phase === "next") again();
            return address("long-polling", asking.query, alone);
          },
          sink
        })
      });
    }
    return {
      binary: isBinary(config, kind2, framing),
      wholeOf,
      // Only version 5 gives a sign of life that pages can see.
      silenceMs: version > 4 ? deps.timeouts.silenceMs : null,
      address: (phase) => address(kind2, phase === "first" ? replay.query : replay.next()),
      frame(frame, isPart) {
        if (isPart) replay.cutOff();
        if (id >= leftBehind.readingId()) heardAtMs = clock.now();
        broughtId = Math.max(broughtId, id);
        saidAtMs = Infinity;
        if (recovery.hold(id, frame)) return "news";
        const outcome = reader.take(frame, read2);
        if (outcome === "news") recovery.heard(id);
        return replay.gotFurther() ? "news" : outcome;
      },
      emptyPoll: (hint) => replay.emptyPoll(hint, clock.now())
    };
  }
  function opened2(linkId, as) {
    const isAfterBreak = hasOpened && !leftBehind.readingId();
    hasOpened = true;
    heardAtMs = Math.min(heardAtMs, clock.now());
    const opening = own.get(linkId);
    if (!opening || opening.openedAtMs < Infinity) return;
    opening.openedAtMs = clock.now();
    const { link } = opening;
    const lacksChannel = leftBehind.opened(link, heardAtMs, recovery.owedSinceMs());
    deps.readsOthers();
    const unplannedSinceMs = lacksChannel ? link.askedSinceMs : isAfterBreak ? link.ownSinceMs : null;
    const missedSinceMs = link.missedSinceMs === null ? unplannedSinceMs : link.missedSinceMs;
    opening.link = __spreadProps(__spreadValues({}, link), { kind: as || link.kind, lacksChannel, missedSinceMs });
    recovery.opened(opening.link);
  }
  function standingBeside(linkId) {
    const others = Array.from(own.values()).filter(
      ({ link, openedAtMs }) => link.id !== linkId && openedAtMs < Infinity
    );
    return others.map(({ link }) => link).pop();
  }
  function ended({ what, detail, code }, linkId) {
    const isRefusal = what === "lost" && detail === "bad-request" && Number(code) > 4e3;
    const message = `The push server closed the connection because of a request (${code})`;
    const refusal2 = isRefusal ? new PullError("server-refused", message, { facts: { closeCode: code } }) : void 0;
    uplink.linkEnded(linkId, refusal2);
    if (refusal2) deps.warn(refusal2);
    const ending = own.get(linkId);
    const hasStood = !!ending && ending.openedAtMs < Infinity;
    if (ending && !hasStood) leftBehind.failed(ending.link);
    const isUnfinished = !!ending && ending.replay.isUnfinished();
    const older = what === "lost" && linkId === leftBehind.readingId() && standingBeside(linkId);
    if (older && older.version > 2)
      recovery.opened(__spreadProps(__spreadValues({}, older), { missedSinceMs: null, ownSinceMs: heardAtMs, askedSinceMs: clock.now() }));
    arrivals.left(linkId, ending && isUnfinished ? ending.openedAtMs : clock.now());
    recovery.ended(linkId, isUnfinished, what === "lost" && hasStood);
    own.delete(linkId);
    leftBehind.ended(linkId, what === "lost" ? what : "closed", Math.min(heardAtMs, saidAtMs, recovery.owedSinceMs()));
  }
  return {
    open,
    said: (atMs) => void (saidAtMs = atMs),
    read: leftBehind.read,
    neededSinceMs() {
      const nowMs = clock.now();
      const open2 = Array.from(own.values()).filter(({ openedAtMs }) => nowMs - openedAtMs < REPLAYED_MS);
      return Math.min(leftBehind.sinceMs(), ...open2.map(({ link }) => link.askedSinceMs));
    },
    pause: leftBehind.pause,
    stop: leftBehind.stop,
    happened(entry, linkId) {
      const { what, detail } = entry;
      if (what === "lost" || what === "close") ended(entry, linkId);
      if (what === "opened") {
        opened2(linkId, entry.transport);
        if (detail !== "confirmed") return;
        heardAtMs = clock.now();
        doubtedSinceMs = leftAtMs = Infinity;
        const standing = own.get(linkId);
        if (standing) arrivals.heard(linkId, heardAtMs, heardAtMs - standing.askedAtMs);
      }
    }
  };
}
function createReader(deps) {
  const { clock, counters, dedupe } = deps;
  function take(frame, link) {
    let outcome = "nothing-new";
    let count = 0;
    let unnumbered2 = 0;
    let isBeyond = false;
    counters.frames++;
    for (const item of link.codec.decode(frame)) {
      if (deps.isOver()) break;
      if (item.type === "bad") {
        const word = pass(item, link);
        if (word !== "nothing-new") count++;
        if (word === "news") outcome = word;
        if (word === "unplaced") unnumbered2++;
        isBeyond = isBeyond || item.reason === "too-large" || item.reason === "too-many";
      } else if (item.type === "message") {
        if (accept(item, link)) outcome = "news";
        acknowledge(item, link);
      } else if (item.type === "reply") link.reply(item.frame);
      else if (item.type === "answer") link.answered(item);
      else if (item.name === "channel-deleted") deps.channelDeleted();
    }
    if (count) {
      counters.bad += count;
      const message = "The server sent something unreadable; it was skipped, nothing else is lost.";
      deps.warn(new PullError("bad-frame", message, { retryable: true, facts: { count } }));
      if (unnumbered2 && !deps.isOver()) deps.unreadable(unnumbered2, isBeyond);
    }
    deps.taken();
    return outcome;
  }
  function acknowledge({ receipt }, link) {
    if (receipt && !deps.isOver()) link.reply(receipt);
  }
  function pass({ placed }, link) {
    if (!placed || !identityOf(placed)) return "unplaced";
    const isNews = place(placed, link) !== null;
    acknowledge(placed, link);
    return isNews ? "news" : "nothing-new";
  }
  function place(message, { replay, isPassed }) {
    const nowMs = clock.now();
    const { mid } = message;
    const identity = identityOf(message);
    const verdict = replay.accept(message, nowMs, dedupe.isOther(mid, identity));
    if (verdict === "renumbered") {
      dedupe.renumbered();
      deps.renumbered();
    }
    if (verdict === "another-store") deps.anotherStore();
    if (identity && !dedupe.isNew(identity, nowMs, mid)) {
      counters.repeats++;
      return null;
    }
    deps.numbered(message, isPassed());
    return verdict;
  }
  function accept(message, link) {
    const verdict = place(message, link);
    if (verdict === null || deps.isOver()) return false;
    if (verdict === "before-start") {
      counters.beforeStart++;
      return false;
    }
    deps.dated(message);
    const nowMs = clock.now();
    const event = eventOf(message, link.origin, deps.serverTime(), nowMs, clock.told(nowMs));
    if (event.module === "pull") {
      counters.commands++;
      deps.obey(event, message);
    } else {
      counters.events++;
      deps.deliver(event);
    }
    return true;
  }
  return { take };
}
const PAUSE_MS$2 = 2e3;
const MOST = 5e3;
function createDebt({ clock, poll, resumeAgain, paid, waits }) {
  let owedSinceMs = Infinity;
  let count = 0;
  let linkSinceMs = Infinity;
  let pollSinceMs = Infinity;
  let hasLink = false;
  let triesLeft = 0;
  let payAtMs = Infinity;
  let timer;
  let stopPoll = null;
  function since() {
    return Math.min(owedSinceMs, linkSinceMs, pollSinceMs);
  }
  function owe(sinceMs, inMs) {
    if (since() === Infinity) count = 0;
    owedSinceMs = Math.min(owedSinceMs, sinceMs);
    const atMs = clock.now() + inMs;
    if (atMs >= payAtMs || owedSinceMs === Infinity) return;
    clock.clearTimeout(timer);
    payAtMs = atMs;
    timer = clock.setTimeout(pay, inMs);
  }
  function pay() {
    payAtMs = Infinity;
    if (!hasLink) return;
    const sinceMs = Math.min(owedSinceMs, pollSinceMs);
    owedSinceMs = pollSinceMs = Infinity;
    if (stopPoll) stopPoll();
    stopPoll = null;
    if (sinceMs === Infinity) return paid();
    if (triesLeft-- > 0) {
      pollSinceMs = sinceMs;
      stopPoll = poll(since(), (word) => {
        if (word === "waits") return waits();
        pollSinceMs = Infinity;
        stopPoll = null;
        if (word === "lost") return owe(sinceMs, PAUSE_MS$2);
        triesLeft = TRIES;
        paid();
      });
      if (stopPoll) return;
      pollSinceMs = Infinity;
    }
    owedSinceMs = sinceMs;
    paid();
    if (hasLink) resumeAgain();
  }
  function left() {
    clock.clearTimeout(timer);
    payAtMs = Infinity;
    if (stopPoll) stopPoll();
    stopPoll = null;
    owedSinceMs = Math.min(owedSinceMs, linkSinceMs, pollSinceMs);
    linkSinceMs = pollSinceMs = Infinity;
    hasLink = false;
  }
  return {
    sinceMs: since,
    owe,
    opened(askedSinceMs) {
      left();
      hasLink = true;
      triesLeft = TRIES;
      if (askedSinceMs > owedSinceMs) return owe(owedSinceMs, PAUSE_MS$2);
      linkSinceMs = owedSinceMs;
      owedSinceMs = Infinity;
    },
    heard() {
      linkSinceMs = Infinity;
    },
    counted() {
      if (++count > MOST) owedSinceMs = linkSinceMs = pollSinceMs = Infinity;
    },
    left
  };
}
const HOLD_MS = 2e3;
const PAUSE_MS$1 = 300;
function createMissedFetch(clock, release) {
  let held = null;
  let sinceMs = Infinity;
  let holding;
  let pause;
  let stopPoll = () => {
  };
  function letGo() {
    const frames = held || [];
    held = null;
    clock.clearTimeout(holding);
    release(frames);
  }
  return {
    start(poll, fromMs, told) {
      held = [];
      sinceMs = fromMs;
      holding = clock.setTimeout(letGo, HOLD_MS);
      let triesLeft = TRIES;
      const ask2 = () => {
        stopPoll = poll((word) => {
          if (word === "lost" && --triesLeft) {
            pause = clock.setTimeout(ask2, PAUSE_MS$1);
            return;
          }
          if (word !== "waits") sinceMs = Infinity;
          letGo();
          told(word);
        });
      };
      ask2();
    },
    sinceMs: () => sinceMs,
    hold: (frame) => !!held && !!held.push(frame),
    stop() {
      held = null;
      sinceMs = Infinity;
      clock.clearTimeout(holding);
      clock.clearTimeout(pause);
      stopPoll();
      stopPoll = () => {
      };
    }
  };
}
const HOLE_MOST = 1e5;
function createHoles() {
  const channels = /* @__PURE__ */ new Map();
  let unread = 0;
  let before = {};
  return {
    seen({ channel, id }, nowMs, publishedAtMs, isLate) {
      if (channel === null || id === null) return null;
      let counted = channels.get(channel);
      if (!counted) {
        const known = Object(before[fingerprint(channel)]);
        counted = { last: Number(known[0]), lastAtMs: Number(known[1]), left: /* @__PURE__ */ new Map() };
        if (counted.last > 0) channels.set(channel, counted);
      }
      if (!(id - counted.last <= HOLE_MOST)) {
        channels.set(channel, { last: id, lastAtMs: publishedAtMs, left: /* @__PURE__ */ new Map() });
        return null;
      }
      const { last, left, lastAtMs } = counted;
      if (isLate && id <= last && !left.has(id)) return null;
      counted.lastAtMs = publishedAtMs;
      const leaveOut = (from) => {
        for (let number = from; number < id; number++) left.set(number, { atMs: nowMs, sinceMs: lastAtMs });
      };
      if (id <= last) {
        if (left.delete(id)) return null;
        left.clear();
        counted.last = id;
        leaveOut(1);
        return { what: "anew", sinceMs: lastAtMs };
      }
      leaveOut(last + 1);
      counted.last = id;
      return id > last + 1 ? { what: "hole", sinceMs: lastAtMs } : null;
    },
    counts() {
      const counts = __spreadValues({}, before);
      channels.forEach(({ last, lastAtMs, left }, channel) => {
        const hole = left.entries().next().value;
        counts[fingerprint(channel)] = hole ? [hole[0] - 1, hole[1].sinceMs] : [last, lastAtMs];
      });
      return counts;
    },
    restore(counts) {
      before = counts;
    },
    unreadable(count) {
      unread += count;
    },
    areOpen: () => Array.from(channels.values()).some(({ left }) => left.size > 0),
    missing(beforeMs) {
      let count = 0;
      let since = Infinity;
      channels.forEach(
        ({ left }) => left.forEach(({ atMs, sinceMs }, number) => {
          if (atMs > beforeMs) return;
          left.delete(number);
          count++;
          since = Math.min(since, sinceMs);
        })
      );
      const excused = Math.min(count, unread);
      unread -= excused;
      return count > excused ? { count: count - excused, sinceMs: since } : null;
    }
  };
}
const HOLE_MS = 3e3;
const HOLE_CHECK_MS = 1e3;
const HOLE_BACK_MS = 3e4;
const BETWEEN_POLLS_MS = 1500;
function createNumbers({ clock, owedSinceMs, owe, missing, lostStore }) {
  const holes = createHoles();
  let link = null;
  let linkedAtMs = 0;
  let timer = null;
  let numberedAtMs = Infinity;
  let numberedBeforeMs = Infinity;
  let highestMid = "";
  let anew = { onId: 0, atMs: 0 };
  function lost2(sinceMs) {
    const isReplay = clock.now() - linkedAtMs < REPLAYED_MS;
    lostStore(isReplay ? Math.min(sinceMs, numberedBeforeMs) : sinceMs);
  }
  function check() {
    const found = holes.missing(clock.now() - HOLE_MS);
    timer = holes.areOpen() ? clock.setTimeout(check, HOLE_MS) : null;
    if (found) missing(found.count, found.sinceMs);
  }
  return {
    counts: holes.counts,
    unreadable: holes.unreadable,
    heardAtMs: () => numberedAtMs,
    opened(next) {
      link = next;
      linkedAtMs = clock.now();
      numberedBeforeMs = numberedAtMs;
    },
    left() {
      link = null;
    },
    seen(message, version, publishedAtMs, isLate) {
      const nowMs = clock.now();
      const { mid } = message;
      if (!mid || mid > highestMid) numberedAtMs = Math.min(publishedAtMs, owedSinceMs());
      if (mid && mid > highestMid) highestMid = mid;
      if (version !== 2) return;
      const found = holes.seen(message, nowMs, publishedAtMs, isLate);
      if (!found) return;
      const { what, sinceMs } = found;
      if (holes.areOpen()) timer = timer || clock.setTimeout(check, HOLE_MS);
      if (what === "hole") return owe(Math.max(sinceMs, nowMs - HOLE_BACK_MS), HOLE_CHECK_MS);
      if (!link || link.id === anew.onId && sinceMs < anew.atMs) return;
      const isBetweenPolls = link.kind === "long-polling" && publishedAtMs > sinceMs + BETWEEN_POLLS_MS;
      if (!isBetweenPolls && sinceMs >= linkedAtMs) return;
      anew = { onId: link.id, atMs: publishedAtMs };
      lost2(sinceMs);
    },
    begunAgain() {
      lost2(numberedAtMs);
      highestMid = "";
    },
    begunBehind: () => lost2(numberedAtMs),
    restore(counts, heardAtMs) {
      holes.restore(counts);
      numberedAtMs = heardAtMs;
    },
    missedSince(atMs) {
      if (numberedAtMs === Infinity) numberedAtMs = atMs;
    },
    stop: () => clock.clearTimeout(timer)
  };
}
const PING_MS = 12e4;
const AFTER_PING_MS = 3e3;
const EARLY_MS = 15e3;
function createPingWindow(clock, swallowed) {
  let timer;
  let dueAtMs = Infinity;
  let isQuiet = true;
  function plan(inMs) {
    timer = clock.setTimeout(afterPing, inMs);
    dueAtMs = clock.now() + inMs;
    isQuiet = true;
  }
  function afterPing() {
    if (!isQuiet) swallowed(clock.now() - AFTER_PING_MS - EARLY_MS);
    plan(PING_MS);
  }
  return {
    opened: () => plan(PING_MS + AFTER_PING_MS),
    heard() {
      isQuiet = false;
    },
    left() {
      clock.clearTimeout(timer);
      const pingAtMs = dueAtMs - AFTER_PING_MS;
      if (clock.now() >= pingAtMs - EARLY_MS) swallowed(pingAtMs - EARLY_MS);
      dueAtMs = Infinity;
    }
  };
}
function remedyOf({
  version,
  kind: kind2,
  missedSinceMs,
  poll,
  isAfterCut,
  isPlanned
}) {
  if (missedSinceMs === null) return isPlanned && kind2 === "websocket" && version > 2 && poll ? "ask-again" : "none";
  if (version === 1 && kind2 === "sse" && isAfterCut && poll) return "poll";
  if (kind2 !== "websocket" || version === 2) return "none";
  if (version === 1) return "fetch";
  return "ask-again";
}
const IN_FLIGHT_MS = 1500;
const RECONCILE_MS = 2e3;
const CHECK_MS = 1e4;
const SETTLE_MS = 2e3;
const RENUMBERED = { certainty: "suspected", reason: "renumbered" };
function createRecovery(deps) {
  const { clock } = deps;
  let link = null;
  let missedSinceMs = null;
  let worst = "complete";
  let isSettled = true;
  let timer;
  let linkedAtMs = 0;
  let isAfterCut = false;
  let isAgain = false;
  const debt = createDebt({
    clock,
    poll: (sinceMs, told) => link && link.poll && link.poll(sinceMs, told),
    resumeAgain() {
      isAgain = true;
      deps.resumeAgain();
    },
    paid: settle2,
    waits: say
  });
  const fetch = createMissedFetch(clock, (frames) => link && frames.forEach(link.release));
  const numbers2 = createNumbers({
    clock,
    owedSinceMs: () => Math.min(owedSinceMs(), deps.unreadSinceMs()),
    owe: debt.owe,
    missing: (count, sinceMs) => suspect({ certainty: "certain", reason: "overflow", missing: count }, sinceMs),
    lostStore: (sinceMs) => suspect(RENUMBERED, Math.min(missedSinceMs === null ? clock.now() : missedSinceMs, sinceMs))
  });
  const pings = createPingWindow(clock, (sinceMs) => debt.owe(sinceMs, 0));
  function owedSinceMs() {
    return Math.min(debt.sinceMs(), fetch.sinceMs());
  }
  function opened2(next) {
    const isPlanned = !!link && !isAgain;
    isAgain = false;
    leave();
    link = next;
    linkedAtMs = clock.now();
    numbers2.opened(next);
    const { version, kind: kind2 } = next;
    debt.opened(version === 1 && kind2 === "websocket" && next.poll ? Infinity : next.askedSinceMs);
    if (version === 4 && kind2 === "websocket") pings.opened();
    if (isPlanned || next.missedSinceMs !== null) passed();
    const ownSinceMs = next.missedSinceMs === null ? missedSinceMs : next.missedSinceMs;
    const remedy = remedyOf(__spreadProps(__spreadValues({}, next), { missedSinceMs: ownSinceMs, isAfterCut, isPlanned }));
    if (ownSinceMs === null) return void (remedy === "ask-again" && debt.owe(next.ownSinceMs, RECONCILE_MS));
    missedSinceMs = isSettled ? ownSinceMs : Math.min(ownSinceMs, Number(missedSinceMs));
    numbers2.missedSince(missedSinceMs);
    if (isSettled) worst = "complete";
    isSettled = false;
    if (linkedAtMs - missedSinceMs > HISTORY_MS) suspect({ certainty: "suspected", reason: "history" });
    else if (next.lacksChannel) suspect({ certainty: "suspected", reason: "channel" });
    if (link !== next) return;
    switch (remedy) {
      case "fetch":
        return fetchMissed(next);
      case "ask-again":
        return debt.owe(next.ownSinceMs, RECONCILE_MS);
      case "poll":
        return debt.owe(ownSinceMs, 0);
      case "none":
        timer = clock.setTimeout(settle2, SETTLE_MS);
        return;
      default:
        return remedy;
    }
  }
  function fetchMissed({ poll }) {
    const fromMs = Number(missedSinceMs);
    const heardAtMs = Math.min(fromMs, numbers2.heardAtMs());
    const noReplay = () => suspect({ certainty: "suspected", reason: "no-replay" }, heardAtMs);
    const ended = (word) => {
      if (word === "waits") return say();
      if (word === "lost") noReplay();
      settle2();
    };
    if (!poll) return ended("lost");
    fetch.start((told) => poll(fromMs, told), fromMs, ended);
  }
  function heard(linkId) {
    if (link && link.id === linkId) {
      pings.heard();
      debt.heard();
    }
    passed();
  }
  function passed() {
    if (link && link.kind === "long-polling" && link.version > 2) debt.owe(clock.now(), CHECK_MS);
  }
  function say() {
    if (!isSettled) deps.recovered(worst);
  }
  function settle2() {
    if (isSettled) return;
    isSettled = true;
    missedSinceMs = null;
    deps.recovered(worst);
  }
  function suspect(what, sinceMs = missedSinceMs) {
    const nowMs = clock.now();
    if (what.certainty === "certain") worst = "gap";
    else if (worst === "complete") worst = "suspected-gap";
    const fromMs = (sinceMs === null ? nowMs : sinceMs) - IN_FLIGHT_MS;
    deps.gap(__spreadProps(__spreadValues({}, what), { sinceMs: clock.told(fromMs), untilMs: clock.told(nowMs) }));
    if (isSettled) deps.recovered(worst);
  }
  function leave() {
    clock.clearTimeout(timer);
    pings.left();
    if (fetch.sinceMs() < Infinity) debt.owe(fetch.sinceMs(), 0);
    debt.left();
    fetch.stop();
    numbers2.left();
    link = null;
  }
  return {
    owedSinceMs,
    opened: opened2,
    hold: (linkId, frame) => !!link && link.id === linkId && fetch.hold(frame),
    heard,
    passed,
    ended(linkId, isUnfinished = false, isLost = false) {
      isAfterCut = isUnfinished;
      if (!link) return;
      if (link.id === linkId) return leave();
      const { ownSinceMs } = link;
      const remedy = remedyOf(__spreadProps(__spreadValues({}, link), { missedSinceMs: ownSinceMs, isAfterCut: false, isPlanned: false }));
      const isSoon = clock.now() - linkedAtMs < REPLAYED_MS;
      if (isLost && isSoon && remedy === "ask-again") debt.owe(ownSinceMs, RECONCILE_MS);
    },
    numbered(message, version, publishedAtMs = clock.now(), isLate = false) {
      debt.counted();
      numbers2.seen(message, version, publishedAtMs, isLate);
    },
    unreadable(count, isBeyond) {
      numbers2.unreadable(count);
      if (isBeyond) suspect({ certainty: "certain", reason: "overflow" });
    },
    counts: numbers2.counts,
    restore: numbers2.restore,
    // The position asks for everything until everything came. A lower mid may still be on its way into the store.
    renumbered() {
      numbers2.begunAgain();
      if (link) debt.owe(clock.now(), RECONCILE_MS);
    },
    anotherStore: numbers2.begunBehind,
    leftBehind: (sinceMs) => suspect({ certainty: "suspected", reason: "channel" }, sinceMs),
    stop() {
      leave();
      numbers2.stop();
    }
  };
}
function routeOf({ config, state, framing, codecs, href }) {
  if (!config) return { via: "wait" };
  const { version } = config;
  const codec = version > 4 ? codecs["json-rpc"] : codecs.protobuf;
  const url = publishAddressOf(config, href);
  if (version < 4 || !codec || version === 4 && !url) return { via: "never", error: never(version) };
  if (state.phase !== "connected") return { via: "wait" };
  const { id: linkId, kind: kind2 } = state.active;
  if (version > 4) return { via: "rpc", linkId, codec };
  const isPublic = config.channels.some(({ id }) => id.reveal().indexOf(":") > 0);
  return kind2 === "websocket" && framing === "protobuf" && isPublic ? { via: "socket", linkId, codec } : { via: "post", url: url || "", codec };
}
function never(version) {
  const message = `This push server (version ${version}) takes no requests of browsers: it needs version 4 with publishing switched on, or newer`;
  return new PullError("not-supported", message, { facts: { version } });
}
function systemCommand(command, params) {
  const type = command.toLowerCase();
  if (type === "config_expire" || type === "server_restart") return { type };
  if (type !== "channel_expire") return null;
  const { action, channel, new_channel } = toRecord(params);
  const { id } = toRecord(channel);
  if (typeof id !== "string" || !id) return null;
  return { type, channelId: id, successor: action === "reconnect" ? parseChannelSuccessor(new_channel) : null };
}
const NOT_CONNECTED = "Not connected: try again when the status is connected";
function createUplink(deps) {
  const { clock } = deps;
  const listeners = /* @__PURE__ */ new Set();
  const posts = /* @__PURE__ */ new Set();
  let waiting = [];
  let lastId = 0;
  let stopped = null;
  function wait2(linkId, id) {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clock.clearTimeout(timer);
        waiting = waiting.filter((other) => other !== mine);
      };
      const mine = {
        id,
        linkId,
        settle(outcome) {
          leave();
          if ("result" in outcome) resolve(outcome.result);
          else reject(refused$1(outcome.error.code));
        },
        fail(error) {
          leave();
          reject(error);
        }
      };
      const timer = clock.setTimeout(() => {
        mine.fail(new PullError("no-answer", "The push server did not answer in time", { retryable: true }));
      }, deps.timeouts.requestMs);
      waiting.push(mine);
    });
  }
  function callAll(calls) {
    const route = deps.route();
    if (route.via !== "rpc" || !route.codec.call) return calls.map(() => Promise.reject(notNow(route)));
    const numbered = calls.map(([method, params]) => ({ id: ++lastId, method, params }));
    const answers = numbered.map(({ id }) => wait2(route.linkId, id));
    if (!deps.send(route.linkId, route.codec.call(numbered))) {
      const ids = numbered.map(({ id }) => id);
      failWhere(({ id }) => id !== null && ids.indexOf(id) >= 0);
    }
    return answers;
  }
  function failWhere(concerns, error = notConnected$1()) {
    waiting.filter(concerns).forEach((one) => one.fail(error));
  }
  async function post(url, body) {
    if (!deps.fetch) throw new PullError("not-supported", "Publishing over HTTP needs fetch: see options.platform");
    const abort = new AbortController();
    const late = clock.setTimeout(() => abort.abort(), deps.timeouts.requestMs);
    posts.add(abort);
    let status;
    try {
      const init = {
        method: "POST",
        body,
        signal: abort.signal,
        credentials: "same-origin",
        cache: "no-store"
      };
      const response = await deps.fetch(url, init);
      status = response.status;
      if (status < 300) return await response.arrayBuffer();
    } catch (e) {
      const message = "The publish address did not answer: check it, and CORS";
      throw stopped || new PullError("no-answer", message, { retryable: true });
    } finally {
      clock.clearTimeout(late);
      posts.delete(abort);
    }
    throw refused$1(status);
  }
  function hand(route, frame) {
    if (!deps.send(route.linkId, frame)) throw notConnected$1();
  }
  return {
    get route() {
      return deps.route();
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    call: (method, params) => callAll([[method, params]])[0],
    callAll,
    async publish(messages) {
      const route = deps.route();
      if (route.via !== "socket" && route.via !== "post" || !route.codec.publish) throw notNow(route);
      const frame = route.codec.publish(messages);
      if (route.via === "post") await post(route.url, frame);
      else hand(route, frame);
      return route.via === "post";
    },
    async channelStats(channels) {
      const route = deps.route();
      if (route.via !== "socket" && route.via !== "post" || !route.codec.channelStats) throw notNow(route);
      const frame = route.codec.channelStats(channels);
      if (route.via === "socket") {
        hand(route, frame);
        return await wait2(route.linkId, null);
      }
      const answers = route.codec.decode(await post(route.url, frame)).filter(({ type }) => type === "answer");
      const [first] = answers;
      return first && "result" in first.outcome ? first.outcome.result : [];
    },
    answered(linkId, { id, outcome }) {
      const found = waiting.find((one) => one.id === id && one.linkId === linkId);
      if (found) found.settle(outcome);
    },
    linkEnded: (linkId, refusal2) => failWhere((one) => one.linkId === linkId, refusal2),
    changed: () => listeners.forEach((listener) => listener()),
    stop(error) {
      stopped = error;
      failWhere(() => true, error);
      posts.forEach((abort) => abort.abort());
      listeners.clear();
    }
  };
}
function notNow(route) {
  return route.via === "never" ? route.error : notConnected$1();
}
function notConnected$1() {
  return new PullError("not-connected", NOT_CONNECTED, { retryable: true });
}
function refused$1(code) {
  const what = code < 0 ? { rpcCode: code } : { httpStatus: code };
  return new PullError("server-refused", `The push server refused the request (${code})`, {
    retryable: code === -32603 || code >= 500 || code === 429,
    facts: what
  });
}
const OFF = "The push server is off: switch it on in the settings of the Push and Pull module.";
function createSession(deps) {
  const { platform, clock } = deps;
  const startedAtMs = clock.now();
  const counters = createCounters();
  const arrivals = createArrivals();
  const exchanges = createExchanges();
  const loader = createConfigLoader(__spreadProps(__spreadValues({}, deps), { asked: exchanges.asked }), adopt);
  const owedSinceMs = () => Math.min(recovery.owedSinceMs(), arrivals.unreadSinceMs(clock.now()));
  const dedupe = createDedupe(deps.replay.dedupeWindow, () => {
    const sinceMs = Math.min(owedSinceMs(), links ? links.neededSinceMs() : Infinity);
    return position ? neededSince(position.state(sinceMs)) : 0;
  });
  const store = createCursorStore(__spreadProps(__spreadValues({}, deps), {
    reloadMs: deps.replay.reloadMs,
    dedupe,
    current: () => ({
      position,
      serverTime,
      owner: config && ownerOf(config),
      counts: recovery.counts(),
      read: links ? links.read() : [],
      owedSinceMs: owedSinceMs()
    }),
    downSinceMs: () => downSince(stateNow())
  }));
  const reader = createReader(__spreadProps(__spreadValues({}, deps), {
    counters,
    dedupe,
    serverTime: () => serverTime,
    isOver: () => over,
    obey,
    dated: (message) => void (serverTime = datedBy(message, serverTime, clock.now())),
    channelDeleted: renew,
    taken: store.moved,
    numbered(message, isLate) {
      const atMs = localAt(message);
      if (links) links.said(atMs);
      if (config) recovery.numbered(message, config.version, atMs, isLate);
    },
    renumbered: () => recovery.renumbered(),
    anotherStore: () => recovery.anotherStore(),
    unreadable: (...what) => recovery.unreadable(...what)
  }));
  const recovery = createRecovery({
    clock,
    unreadSinceMs: () => arrivals.unreadSinceMs(clock.now()),
    // What was missed may be a command of the server: an exchanged channel.
    gap: (fact) => (deps.gap(fact), fact.reason === "no-replay" && renew()),
    recovered(outcome) {
      recovered = outcome;
      if (stateNow().phase === "connected") tellStatus(stateNow());
    },
    resumeAgain: retarget2
  });
  const send2 = (linkId, frame) => !!connection && connection.send(linkId, frame);
  const uplink = createUplink({
    clock,
    fetch: platform.fetch,
    timeouts: deps.timeouts,
    route: () => routeOf({ config, state: stateNow(), framing: framingNow(), codecs: deps.codecs, href: hrefNow() }),
    send: send2
  });
  let config = null;
  let serverTime = serverClock(null, 0, 0);
  let position = null;
  let candidates = { usable: [], missing: {} };
  let connection = null;
  let links = null;
  let targetId = 0;
  let left = null;
  let isRenewing = false;
  let hurriedOutage = null;
  let recovered = null;
  let over = false;
  const localAt = (message) => saidAt(message, config && config.version, serverTime, clock.now());
  const stateNow = () => connection ? connection.state : { phase: "idle" };
  const framingNow = (version = config ? config.version : 0) => framingOf(version, deps.framing, deps.codecs);
  const hrefNow = () => platform.page && platform.page.href;
  function adopt(answer, sentAtMs) {
    const nowMs = clock.now();
    const { channels, isOld } = exchanges.applied(answer.channels);
    const next = __spreadProps(__spreadValues({}, answer), { channels });
    const previous = config;
    counters.configLoads++;
    if (next.serverTimeAtMs !== null) serverTime = serverClock(next.serverTimeAtMs, sentAtMs, nowMs);
    const codec = deps.codecs[framingNow(next.version)];
    const found = candidatesOf(next, deps.wanted, platform, { codec, factories: deps.factories });
    if (!next.enabled) throw new PullError("disabled", OFF);
    if (!found.usable.length) throw noTransport(next, found);
    candidates = found;
    config = next;
    if (!isOld) arrivals.renewed(channels);
    if (!previous || previous.version !== next.version) {
      left = store.take(ownerOf(next));
      if (left) {
        serverTime = settled(serverTime, left.shiftMs);
        recovery.restore(Object(left.counts), heardUntil(left, serverTime.shiftMs));
      }
      position = createPosition({
        version: next.version,
        overlapMs: deps.replay.overlapMs,
        originAtMs: serverNow(serverTime, startedAtMs),
        originIsServerTime: next.serverTimeAtMs !== null,
        lastMid: next.lastMid,
        left: left && left.position
      });
    }
    if (!previous) {
      tellChannels("loaded");
      if (!over) connect(deps.machineOptions(next));
    } else if (targetOf(previous) !== targetOf(next)) {
      tellChannels("changed");
      retarget2();
    } else {
      tellChannels("renewed");
      const outage = isRenewing && connection && outageOf(connection.state);
      if (outage && outage !== hurriedOutage) {
        hurriedOutage = outage;
        retarget2();
      }
    }
    isRenewing = false;
    return isOld ? nowMs + 1 : renewAt(next, serverTime, platform.random(), nowMs, previous);
  }
  function connect(options) {
    links = createLinks(__spreadProps(__spreadValues({}, deps), {
      arrivals,
      reader,
      recovery,
      uplink,
      href: hrefNow(),
      state: stateNow,
      serverTime: () => serverTime,
      framing: framingNow,
      left,
      readsOthers: store.moved,
      reply: send2,
      candidates: () => candidates.usable
    }));
    connection = createConnection(__spreadProps(__spreadValues({}, deps), { options, openLink: openLink2, changed: tellStatus, renew, record }));
    connection.start(target(), deps.preferred);
  }
  function openLink2(link) {
    if (!config || !position || !links) throw new Error("no configuration");
    return links.open(link, config, position);
  }
  function retarget2() {
    if (connection) connection.retarget(target());
  }
  const target = () => ({ id: ++targetId, candidates: candidates.usable });
  function renew() {
    isRenewing = true;
    loader.want("bad-channel");
  }
  function obey(event, message) {
    const command = systemCommand(event.command, event.params);
    if (!command || !config || event.sender.type === "client") return;
    switch (command.type) {
      case "channel_expire": {
        const { channelId: channelId2, successor } = command;
        const { channels } = config;
        if (channelTypeOf(channels, channelId2) === null) return;
        const replaced = exchanges.ended(channels, channelId2, config.jwt ? null : successor);
        if (!replaced) {
          arrivals.ended(channelId2, localAt(message));
          return loader.want("channel-expired");
        }
        config = __spreadProps(__spreadValues({}, config), { channels: replaced });
        tellChannels("changed");
        return retarget2();
      }
      case "config_expire":
        return loader.want("config-expired", deps.timeouts.spreadMs);
      case "server_restart":
        if (connection) connection.announceRestart();
        return;
      default:
        return command;
    }
  }
  function tellStatus(state) {
    if (over || state.phase === "idle") return;
    const { usable, missing } = candidates;
    if (state.phase === "connected" && state.active.useful) {
      const { kind: kind2 } = state.active;
      deps.remember(usable[0] && usable[0].kind === kind2 ? null : kind2);
    }
    if (state.phase !== "connected") recovered = null;
    if (state.phase === "suspended" && links) links.pause();
    deps.status(statusOf$1(state, missing, recovered));
    uplink.changed();
  }
  function tellChannels(reason) {
    store.moved();
    if (config) deps.channels({ reason, channels: config.channels.map(({ type, endAtMs }) => ({ type, endAtMs })) });
  }
  function record(entry) {
    const { what, linkId, detail } = entry;
    if (what === "lost") counters.lost++;
    if (what === "opened" && detail === "confirmed") counters.opened++;
    if (links && linkId) links.happened(entry, linkId);
    deps.record(entry);
  }
  return {
    uplink,
    hint: (hint) => connection && connection.hint(hint),
    reload: () => loader.want("config-expired"),
    start() {
      store.start();
      loader.start();
    },
    stop(error) {
      over = true;
      loader.stop();
      store.stop();
      recovery.stop();
      if (connection) connection.stop();
      if (links) links.stop();
      uplink.stop(error);
    },
    view: () => ({
      state: stateNow(),
      counters,
      config,
      cursor: position ? position.describe() : {},
      remembered: dedupe.size,
      clockShiftMs: serverTime.uncertaintyMs < Infinity ? clock.told(serverTime.shiftMs) : null
    })
  };
}
function createAsking({ portal, clock, fetch, deadlineMs }) {
  const open = /* @__PURE__ */ new Set();
  async function ask2(method, params) {
    if (!portal) {
      const message = "This has to ask the portal: pass `portal: restConfig({ sessid })` to the client";
      throw new PullError("not-supported", message);
    }
    const abort = new AbortController();
    let end = () => {
    };
    const ended = new Promise((_, reject) => end = reject);
    open.add(end);
    const late = clock.setTimeout(() => {
      end(new PullError("no-answer", "The portal did not answer in time", { retryable: true }));
    }, deadlineMs);
    try {
      const answer = portal({ method, params, signal: abort.signal, fetch });
      return openAnswer(await Promise.race([answer, ended]))[0];
    } catch (thrown) {
      throw toPullError(thrown, "no-answer", "The portal could not be asked", true);
    } finally {
      clock.clearTimeout(late);
      open.delete(end);
      abort.abort();
    }
  }
  return { ask: ask2, stop: (error) => open.forEach((end) => end(error)) };
}
const NOBODY = { linkId: null, users: [] };
function dueOn(told, linkId, wanted) {
  const users = told.linkId === linkId ? told.users : [];
  return {
    told: { linkId, users: wanted },
    subscribe: wanted.filter((user) => users.indexOf(user) < 0),
    unsubscribe: users.filter((user) => wanted.indexOf(user) < 0)
  };
}
const STATS_AT_ONCE = 100;
function createPresence(deps) {
  const { ask: ask2, report } = deps;
  const listeners = createEmitter(deps.listenerThrew);
  const users = /* @__PURE__ */ new Set();
  let uplink = null;
  let unwatch = () => {
  };
  let told = NOBODY;
  let isPlanned = false;
  let isRefusalTold = false;
  function plan() {
    if (isPlanned) return;
    isPlanned = true;
    void Promise.resolve().then(() => {
      isPlanned = false;
      if (uplink) tell(uplink);
    });
  }
  function tell(standing) {
    const { route } = standing;
    if (route.via === "wait") return;
    users.forEach((user) => listeners.count(keyOf$2(user)) || users.delete(user));
    const wanted = Array.from(users);
    if (route.via !== "rpc") {
      if (wanted.length && !isRefusalTold) {
        isRefusalTold = true;
        report(new PullError("not-supported", "presence.watch() needs Push server 3.0 (version 5): ask isOnline()"));
      }
      return;
    }
    const due = dueOn(told, route.linkId, wanted);
    told = due.told;
    const subscribing = due.subscribe.map((userId) => ["subscribeStatusChange", { userId }]);
    const leaving = due.unsubscribe.map((userId) => ["unsubscribeStatusChange", { userId }]);
    if (!subscribing.length && !leaving.length) return;
    standing.callAll([...subscribing, ...leaving]).forEach((answer, at) => {
      answer.catch((thrown) => {
        const error = toPullError(thrown, "no-answer", "A subscription to presence failed", true);
        if (at < subscribing.length && error.code !== "not-connected" && error.code !== "stopped") report(error);
      });
    });
  }
  async function rpcSeen(userIds) {
    if (!uplink) throw notConnected();
    return secondsOf(await uplink.call("getUsersLastSeen", { userList: userIds }));
  }
  async function portalSeen(userIds) {
    return secondsOf(await ask2("pull.api.user.getLastSeen", { userIds, sendToQueueSever: true }));
  }
  async function lastSeen(userIds) {
    const { via } = uplink ? uplink.route : { via: "wait" };
    let seen = {};
    let missing = userIds;
    if (via === "rpc" || via === "wait" && !deps.hasPortal) {
      try {
        seen = await rpcSeen(userIds);
        missing = userIds.filter((user) => !(user in seen));
      } catch (thrown) {
        if (!deps.hasPortal) throw thrown;
      }
      if (!deps.hasPortal) return seen;
    }
    return missing.length ? __spreadValues(__spreadValues({}, seen), await portalSeen(missing)) : seen;
  }
  async function isOnline(userIds) {
    const online = {};
    const standing = uplink;
    const { via } = standing ? standing.route : { via: "wait" };
    if (standing && (via === "socket" || via === "post")) {
      const channels = await deps.findChannels(userIds);
      const asked = Array.from(channels.values());
      let states = [];
      for (let at = 0; at < asked.length; at += STATS_AT_ONCE) {
        states = states.concat(await standing.channelStats(asked.slice(at, at + STATS_AT_ONCE)));
      }
      const heard = states.filter((state) => state.isOnline).map(({ id }) => id.toLowerCase());
      userIds.forEach((user) => {
        const channel = channels.get(user);
        online[user] = !!channel && heard.indexOf(channel.id.toLowerCase()) >= 0;
      });
    } else {
      const seen = via === "rpc" ? await rpcSeen(userIds) : await lastSeen(userIds);
      userIds.forEach((user) => online[user] = seen[user] === 0);
    }
    return online;
  }
  return {
    presence: {
      async lastSeen(userIds) {
        const ids = checkUsers(userIds);
        return ids.length ? lastSeen(ids) : {};
      },
      async isOnline(userIds) {
        const ids = checkUsers(userIds);
        return ids.length ? isOnline(ids) : {};
      },
      watch(userId, listener) {
        checkUsers([userId]);
        if (typeof listener !== "function") throw badOption("watch(userId, listener) needs a function");
        users.add(userId);
        const off = listeners.on(keyOf$2(userId), listener);
        plan();
        return () => {
          off();
          plan();
        };
      }
    },
    attach(next) {
      uplink = next;
      told = NOBODY;
      unwatch = next.watch(plan);
    },
    stop() {
      uplink = null;
      unwatch();
    },
    received({ module, command, params, sender }) {
      if (module !== "online" || command !== "userStatusChange" || sender.type === "client") return;
      const { user_id: userId, online } = toRecord(params);
      listeners.emit(keyOf$2(toNumber(userId)), isOn(online));
    }
  };
}
function keyOf$2(user) {
  return `presence of user ${user}`;
}
function secondsOf(answer) {
  const said = toRecord(answer);
  const seconds = {};
  Object.keys(said).forEach((user) => {
    const ago = toNumber(said[user]);
    if (ago >= 0) seconds[Number(user)] = ago;
  });
  return seconds;
}
function checkUsers(userIds) {
  if (Array.isArray(userIds) && userIds.every(Number.isSafeInteger)) return Array.from(new Set(userIds));
  throw badOption("presence needs user ids: whole numbers");
}
function badOption(message) {
  return new PullError("bad-option", message);
}
function notConnected() {
  return new PullError("not-connected", "Not connected: ask again when the status is connected", { retryable: true });
}
function createPublicIds({ ask: ask2, serverNow: serverNow2, configured }) {
  const told = /* @__PURE__ */ new Map();
  const asked = /* @__PURE__ */ new Map();
  let gathering = [];
  function known(user) {
    const nowMs = serverNow2();
    const found = [configured().get(user), told.get(user)].filter((one) => one && (one.endAtMs || Infinity) > nowMs);
    return found[0] || null;
  }
  async function request() {
    await null;
    const users = gathering;
    gathering = [];
    try {
      const answer = readPublicChannels(await ask2("pull.channel.public.list", { USERS: users }));
      users.forEach((user) => {
        const channel = answer.get(user);
        if (channel) told.set(user, channel);
        else told.delete(user);
      });
    } finally {
      users.forEach((user) => asked.delete(user));
    }
  }
  return async (users) => {
    const missing = users.filter((user) => !known(user));
    const unasked = missing.filter((user) => !asked.has(user));
    if (unasked.length) {
      const isFirst = !gathering.length;
      gathering = gathering.concat(unasked);
      const running = isFirst ? request() : asked.get(gathering[0]);
      unasked.forEach((user) => asked.set(user, running));
    }
    await Promise.all(missing.map((user) => asked.get(user)));
    const channels = /* @__PURE__ */ new Map();
    users.forEach((user) => {
      const channel = known(user) || told.get(user);
      if (channel) channels.set(user, channel);
    });
    return channels;
  };
}
const GATHER_MS = 5e3;
const RENEW_MS = 29 * 6e4;
const GRACE_MS = 15e4;
const PAUSE_MS = 3e4;
const HINT_PAUSE_MS = 5e3;
const NO_TAGS = { tags: /* @__PURE__ */ new Map(), failures: 0, pauseUntilMs: 0 };
function withWatcher(schedule, name, nowMs) {
  const { watchers, dueAtMs } = schedule.tags.get(name) || { watchers: 0, dueAtMs: null };
  const tag = { watchers: watchers + 1, dueAtMs: dueAtMs === null ? nowMs + GATHER_MS : dueAtMs };
  return withTag(isRefused(schedule) ? renewed(schedule) : schedule, name, tag);
}
function withoutWatcher(schedule, name) {
  const tag = schedule.tags.get(name);
  if (!tag) return schedule;
  return withTag(schedule, name, tag.watchers > 1 ? __spreadProps(__spreadValues({}, tag), { watchers: tag.watchers - 1 }) : null);
}
function nextAt(schedule) {
  const dues = dueInstants(schedule.tags);
  return dues.length && !isRefused(schedule) ? Math.max(schedule.pauseUntilMs, Math.min(...dues)) : null;
}
function namesOf({ tags }) {
  return Array.from(tags.keys()).filter((name) => tags.get(name).dueAtMs !== null);
}
function answered(schedule, asked, dropped) {
  const tags = new Map(schedule.tags);
  asked.names.forEach((name) => {
    const tag = tags.get(name);
    if (tag) tags.set(name, __spreadProps(__spreadValues({}, tag), { dueAtMs: dropped.indexOf(name) < 0 ? asked.atMs + RENEW_MS : null }));
  });
  return { tags, failures: 0, pauseUntilMs: 0 };
}
function failed({ tags, failures }, nowMs) {
  const pauseMs = Math.min(PAUSE_MS * 2 ** failures, RENEW_MS);
  const leftMs = Math.min(...dueInstants(tags)) + GRACE_MS - nowMs;
  return {
    tags,
    failures: failures + 1,
    pauseUntilMs: nowMs + (leftMs > HINT_PAUSE_MS ? Math.min(pauseMs, leftMs) : pauseMs)
  };
}
function refused(schedule) {
  return __spreadProps(__spreadValues({}, schedule), { pauseUntilMs: Infinity });
}
function hinted(schedule, nowMs) {
  if (isRefused(schedule)) return schedule;
  return __spreadProps(__spreadValues({}, schedule), { pauseUntilMs: Math.min(schedule.pauseUntilMs, nowMs + HINT_PAUSE_MS) });
}
function renewed({ tags }) {
  return __spreadProps(__spreadValues({}, NO_TAGS), { tags });
}
function isRefused({ pauseUntilMs }) {
  return pauseUntilMs === Infinity;
}
function withTag(schedule, name, tag) {
  const tags = new Map(schedule.tags);
  if (tag) tags.set(name, tag);
  else tags.delete(name);
  return __spreadProps(__spreadValues({}, schedule), { tags });
}
function dueInstants(tags) {
  return Array.from(tags.values()).map(({ dueAtMs }) => dueAtMs).filter((dueAtMs) => dueAtMs !== null);
}
const LOOK_MS = 6e4;
const WAKING = ["visible", "resume", "pageshow", "online"];
function createWatcher({ clock, page, ask: ask2, report }) {
  let schedule = NO_TAGS;
  let timer = null;
  let unlisten = null;
  let run = null;
  let isAsking = false;
  function check() {
    clock.clearTimeout(timer);
    const atMs = nextAt(schedule);
    if (!run || isAsking || atMs === null) return;
    const leftMs = atMs - clock.now();
    if (leftMs > 0) timer = clock.setTimeout(check, Math.min(leftMs, LOOK_MS));
    else void extend(run);
  }
  async function extend(mine) {
    const asked = { names: namesOf(schedule), atMs: clock.now() };
    isAsking = true;
    const answer = await ask2("pull.watch.extend", { tags: asked.names }).then(
      (said) => ({ said: toRecord(said) }),
      (thrown) => toPullError(thrown, "no-answer", "The portal could not be asked for watch tags", true)
    );
    if (run !== mine) return;
    isAsking = false;
    if (answer instanceof PullError) {
      schedule = answer.retryable ? failed(schedule, clock.now()) : refused(schedule);
      report(answer);
    } else {
      const dropped = asked.names.filter((name) => !isNotOff(answer.said[name]) && schedule.tags.has(name));
      schedule = answered(schedule, asked, dropped);
      dropped.forEach((tag) => report(droppedError(tag)));
    }
    check();
  }
  return {
    watch(tag) {
      if (typeof tag !== "string" || !tag) throw new PullError("bad-option", "watch(tag) needs a text");
      schedule = withWatcher(schedule, tag, clock.now());
      check();
      let isWatched = true;
      return () => {
        if (isWatched) schedule = withoutWatcher(schedule, tag);
        isWatched = false;
        check();
      };
    },
    start() {
      run = {};
      isAsking = false;
      schedule = renewed(schedule);
      if (page) {
        unlisten = page.listen((signal) => {
          if (!WAKING.includes(signal)) return;
          schedule = hinted(schedule, clock.now());
          check();
        });
      }
      check();
    },
    stop() {
      run = null;
      clock.clearTimeout(timer);
      if (unlisten) unlisten();
      unlisten = null;
    },
    check,
    get size() {
      return schedule.tags.size;
    }
  };
}
function droppedError(tag) {
  const message = `The portal does not know the watch tag ${tag} (any more): reload what it stands for, then watch() it again`;
  return new PullError("watch-dropped", message, { facts: { tag } });
}
function createFeatures(deps) {
  const { platform, clock, portal, portalMs, report } = deps;
  const { fetch, page } = platform;
  const { ask: ask2, stop } = createAsking({ portal, clock, fetch, deadlineMs: portalMs });
  let session = null;
  const configNow = () => session && session.view().config;
  const findChannels = createPublicIds({
    ask: ask2,
    serverNow: () => platform.clock.now() - (session && session.view().clockShiftMs || 0),
    configured: () => (configNow() || { publicChannels: /* @__PURE__ */ new Map() }).publicChannels
  });
  const publisher = createPublisher({ clock, limits: deps.publish, findChannels });
  const watcher = createWatcher({ clock, page, ask: ask2, report });
  const presence = createPresence({
    ask: ask2,
    hasPortal: !!portal,
    findChannels,
    report,
    listenerThrew: deps.listenerThrew
  });
  return {
    send: publisher.send,
    watch: watcher.watch,
    presence: presence.presence,
    attach(next) {
      session = next;
      const { uplink } = next;
      uplink.watch(watcher.check);
      publisher.attach(uplink);
      presence.attach(uplink);
      watcher.start();
    },
    stop(error) {
      session = null;
      publisher.stop(error);
      presence.stop();
      watcher.stop();
      stop(error);
    },
    received: presence.received,
    counts: () => ({ queued: publisher.waiting, tags: watcher.size })
  };
}
const NOTHING_YET = {
  server: null,
  cursor: {},
  counters: null,
  failures: 0,
  remembered: 0,
  clockShiftMs: null
};
function reportOf({ config, state, counters, cursor, remembered, clockShiftMs }) {
  return {
    server: config && serverOf(config),
    cursor,
    counters: __spreadValues({}, counters),
    failures: state.phase === "idle" ? 0 : state.memory.failures,
    remembered,
    clockShiftMs
  };
}
function serverOf({ version, mode, endpoints, channels }) {
  const addresses = {};
  const kinds = Object.keys(endpoints);
  kinds.forEach((kind2) => addresses[kind2] = withoutSecrets(endpoints[kind2]));
  return { version, mode, endpoints: addresses, channels: channels.map(({ type, endAtMs }) => ({ type, endAtMs })) };
}
function withoutSecrets(url) {
  return url && url.replace(/[?#].*|[^/?#@]*@/g, "");
}
const TIMEOUTS = {
  raceAfterMs: 2500,
  connectTimeoutMs: 8e3,
  firstByteMs: 1e4,
  // A waiting poll says nothing for up to 40 s. This short, a refused WebSocket is made up for within a second.
  pollConfirmMs: 700,
  pollHoldMs: 6e4,
  usefulAfterMs: 5e3,
  drainMs: 5e3,
  probeFirstMs: 6e4,
  silenceMs: 2e4,
  requestMs: 5e3,
  configMs: 3e4,
  spreadMs: 15e3
};
const REPLAY = { overlapMs: 1500, dedupeWindow: 16384, reloadMs: 6e5 };
const flag = oneOf(true, false);
const kind = oneOf(...TRANSPORT_KINDS);
const CHECKS = {
  // Checked where it is made a source.
  config: () => false,
  transport: (value) => value !== "auto" && kind(value),
  transports: (value) => (!Array.isArray(value) || !value.length || value.some(kind)) && `a list of ${kind(0)}`,
  framing: oneOf("auto", "protobuf", "text", "json"),
  portal: (value) => typeof value !== "function" && "a source such as restConfig(), or a function",
  publish: numbers(PUBLISH),
  schemas: object,
  platform: object,
  secure: oneOf("auto", true, false),
  backoff: (value) => value !== "cloud" && typeof value !== "function" && numbers(BACKOFF)(value),
  timeouts: numbers(TIMEOUTS),
  replay: numbers(REPLAY),
  storage: flag,
  debug: flag,
  logger: object
};
function oneOf(...allowed) {
  return (value) => !allowed.includes(value) && allowed.join(", ");
}
function object(value) {
  return !isRecord(value) && "an object";
}
function numbers(known) {
  const fits = (value) => value === void 0 || typeof value === "number" && value >= 0 && value < Infinity;
  return (value) => !(isRecord(value) && Object.keys(value).every((key) => has(known, key) && fits(value[key]))) && `an object of numbers from 0 on: ${Object.keys(known).join(", ")}`;
}
function checkOptions(options) {
  const problems = [];
  if (!isRecord(options)) problems.push("config is missing");
  else {
    Object.keys(options).forEach((key) => {
      if (options[key] === void 0) return;
      const expected = has(CHECKS, key) ? CHECKS[key](options[key]) : "left out: it is unknown";
      if (expected) problems.push(`${key} must be ${expected}`);
    });
  }
  if (problems.length)
    throw new PullError("bad-option", `Wrong options: ${problems.join("; ")}`, { facts: { problems } });
  return options;
}
function portalOf({ portal, config }) {
  const { portal: carried } = portal || config;
  return carried || portal || null;
}
function wantedTransports({ transport = "auto", transports }) {
  const listed = transports || TRANSPORT_KINDS.slice(0, 3);
  return transport === "auto" ? listed.filter((one, at) => listed.indexOf(one) === at) : [transport];
}
function has(record, key) {
  return Object.prototype.hasOwnProperty.call(record, key);
}
function withDefaults(defaults, given = {}) {
  const keys = Object.keys(given);
  return keys.reduce((all, key) => given[key] === void 0 ? all : __spreadProps(__spreadValues({}, all), { [key]: given[key] }), defaults);
}
function checkPayload(schemas, key, params) {
  const schema = schemas && has(schemas, key) ? schemas[key] : void 0;
  if (!schema) return params;
  let issues;
  let cause;
  try {
    const result = schema["~standard"].validate(params);
    issues = result instanceof Promise ? "the schema is asynchronous" : result.issues;
    if (!issues) return result.value;
  } catch (thrown) {
    cause = thrown;
  }
  throw new PullError("payload-invalid", `The payload of ${key} does not fit its schema`, {
    cause,
    facts: { key, issues }
  });
}
const KEPT = 200;
function createTimeline() {
  const entries = [];
  return {
    add(entry) {
      entries.push(entry);
      if (entries.length > KEPT) entries.shift();
    },
    entries: () => entries.slice()
  };
}
const LIFECYCLE = [
  "status",
  "transport",
  "error",
  "gap",
  "channels"
];
const IDLE = { status: "idle", transport: null, reason: "starting", skipped: {} };
function createClient(parts, given, lend) {
  const options = checkOptions(given);
  const source = toConfigSource(options.config);
  const wanted = wantedTransports(options);
  const platform = withDefaults(parts.platform(), options.platform);
  const timeouts = withDefaults(TIMEOUTS, options.timeouts);
  const logger = options.logger || platform.console || {};
  const timeline = createTimeline();
  const { page } = platform;
  const clock = steadyClock(platform.clock);
  const remembers = options.storage !== false && wanted.length > 1;
  const replay = options.storage === false ? __spreadProps(__spreadValues({}, REPLAY), { reloadMs: 0 }) : REPLAY;
  const memory = createTransportMemory(__spreadProps(__spreadValues({}, platform), { storage: remembers ? platform.storage : null }));
  const emitter = createEmitter(listenerThrew);
  const features = createFeatures({
    platform,
    clock,
    portal: portalOf(options),
    portalMs: timeouts.configMs,
    publish: withDefaults(PUBLISH, options.publish),
    report,
    listenerThrew
  });
  let fact = IDLE;
  let session = null;
  let lastReport = NOTHING_YET;
  let starting = null;
  let resolve = () => {
  };
  let reject = resolve;
  if (lend) lend(() => session);
  function tell(key, payload, detail) {
    note({ what: key, detail });
    emitter.emit(key, payload);
  }
  function note(entry) {
    const line = __spreadValues({ atMs: platform.clock.now() }, entry);
    timeline.add(line);
    if (options.debug && logger.debug) logger.debug("bx-pull", line);
  }
  function complain(message, cause) {
    if (logger.error) logger.error(`bx-pull: ${message}`, cause);
  }
  function report(error) {
    if (emitter.count("error") === 0) complain(error.message, error.cause);
    tell("error", error, `${error.code}: ${error.message}`);
  }
  function listenerThrew(thrown, key) {
    if (key === "error") return complain("a listener of `error` threw", thrown);
    const message = `A listener of ${key} threw`;
    report(new PullError("listener-threw", message, { cause: thrown, facts: { key } }));
  }
  function setStatus(next) {
    if (sameStatus(fact, next)) return;
    const previous = fact.transport;
    const { status, transport, reason } = next;
    fact = next;
    if (transport !== previous) tell("transport", { transport, previous }, transport || "none");
    if (fact === next) tell("status", next, `${status} ${reason}`);
    if (fact === next && status === "connected") resolve();
  }
  function deliver(event) {
    const { module, command } = event;
    features.received(event);
    if (module !== "*" && command !== "*") deliverToKey(event);
    if (module !== "*") emitter.emit(`${module}:*`, event);
    emitter.emit("*:*", event);
  }
  function deliverToKey(event) {
    const key = `${event.module}:${event.command}`;
    try {
      const params = checkPayload(options.schemas, key, event.params);
      emitter.emit(key, params, params === event.params ? event : __spreadProps(__spreadValues({}, event), { params }));
    } catch (invalid) {
      report(invalid);
    }
  }
  function begin() {
    return createSession({
      platform,
      clock,
      source,
      // Without a page the plain addresses come first: the secure ones serve where they are the only ones.
      secure: typeof options.secure === "boolean" ? options.secure : !!page && page.protocol === "https:",
      codecs: parts.codecs,
      framing: options.framing || "auto",
      factories: parts.factories,
      wanted,
      preferred: memory.recall(),
      machineOptions,
      timeouts,
      replay: withDefaults(replay, options.replay),
      deliver,
      status: setStatus,
      channels: (channels) => tell("channels", channels, channels.reason),
      gap: (gap) => tell("gap", gap, `${gap.certainty} ${gap.reason}`),
      warn: report,
      fatal: end,
      record: note,
      remember: memory.remember
    });
  }
  function machineOptions({ mode }) {
    const backoff = options.backoff || (mode === "shared" ? "cloud" : {});
    return __spreadProps(__spreadValues({}, timeouts), {
      backoff: backoffPolicy(backoff),
      floorMs: 250,
      probeLongestMs: 18e5,
      restartSpreadMs: timeouts.spreadMs,
      // The vendor's cloud blocks clients that ask faster than its ladder: a hint adds one attempt a minute there.
      hintFloorMs: backoff === "cloud" ? 6e4 : 250
    });
  }
  function end(error) {
    features.stop(error);
    if (!session) return;
    const rejectThis = reject;
    lastReport = reportOf(session.view());
    session.stop(error);
    session = null;
    starting = null;
    setStatus({ status: "stopped", transport: null, reason: error.code, skipped: fact.skipped });
    if (error.code !== "stopped") report(error);
    rejectThis(error);
  }
  return {
    on: (key, listener) => emitter.on(keyOf$1(key, listener), listener),
    start() {
      if (starting) return starting;
      const mine = starting = new Promise((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
      });
      mine.catch(() => {
      });
      const begun = session = begin();
      setStatus({ status: "connecting", transport: null, reason: "starting", skipped: {} });
      if (session === begun) {
        features.attach(begun);
        begun.start();
      }
      return mine;
    },
    send: features.send,
    watch: features.watch,
    presence: features.presence,
    stop() {
      end(new PullError("stopped", "Stopped: call start() again"));
      return Promise.resolve();
    },
    get status() {
      return fact.status;
    },
    get transport() {
      return fact.transport;
    },
    diagnostics: () => __spreadProps(__spreadValues(__spreadValues(__spreadValues({}, fact), session ? reportOf(session.view()) : lastReport), features.counts()), {
      timeline: timeline.entries()
    })
  };
}
function keyOf$1(given, listener) {
  const key = given === "*" ? "*:*" : String(given);
  const at = key.indexOf(":") + 1;
  if (typeof listener === "function" && (at > 1 || LIFECYCLE.includes(key))) {
    return key.slice(0, at).toLowerCase() + key.slice(at);
  }
  const keys = `'module:command', 'module:*', '*', ${LIFECYCLE.join(", ")}`;
  throw new PullError("bad-option", `on(key, listener) needs a function and one of ${keys}`);
}
function pullClientClass(parts) {
  class PullClient {
    constructor(options) {
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(createClient(parts, options)));
    }
  }
  return PullClient;
}
function restConfig(options = {}) {
  const portal = httpPortal(__spreadProps(__spreadValues({}, options), { url: options.url || "/rest/pull.config.get.json" }));
  return portalSource(portal, { CACHE: options.cache || "N" });
}
const ALIASES = {
  webSocket: "websocket",
  longPolling: "long-polling",
  polling: "long-polling"
};
function toTransport(name) {
  return ALIASES[name] || name;
}
function clientOptionsOf(options) {
  const { config = configOf(options), transport = "auto" } = options;
  const result = __spreadProps(__spreadValues({}, options), {
    config,
    transport: toTransport(transport),
    // The client takes these for not given. Who the user is says nothing: the channel id decides what is received.
    serverEnabled: void 0,
    serverUrl: void 0,
    userHash: void 0,
    userId: void 0,
    guestMode: void 0,
    version: void 0
  });
  return result;
}
function configOf({ serverEnabled, serverUrl, userHash, version }) {
  if (typeof serverUrl !== "string" || typeof userHash !== "string" || !serverUrl || !userHash) {
    throw new PullError("bad-option", "BX.Pull.connect needs serverUrl and userHash, or config");
  }
  const urlOf = (name) => serverUrl.replace(/\/sub(ws)?(?=\/?(\?|$))/, name);
  const isToken = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(userHash);
  return {
    server: {
      version: version || (isToken ? 5 : /[.:]/.test(userHash) ? 4 : 2),
      server_enabled: serverEnabled,
      long_polling: urlOf("/sub"),
      websocket_enabled: true,
      websocket: urlOf("/subws")
    },
    jwt: isToken && userHash,
    channels: !isToken && userHash.split("/").filter(Boolean).map((id, at) => ({ id, type: ["private", "shared"][at] }))
  };
}
function createCore(root, failed2) {
  const core = {
    get bx() {
      return root.BX || {};
    },
    message(key) {
      const { message } = core.bx;
      const phrase = Object(message)[key];
      return phrase === void 0 && typeof message === "function" ? message(key) || void 0 : phrase;
    },
    fire(name, args) {
      try {
        const { bx } = core;
        if (bx.onCustomEvent) bx.onCustomEvent(root, name, args, true);
      } catch (thrown) {
        failed2(name, thrown);
      }
    },
    listen(name, listener, isDesktop) {
      const events = (isDesktop ? core.bx.desktop : core.bx) || {};
      if (events.addCustomEvent) events.addCustomEvent(name, listener);
    }
  };
  return core;
}
const yes = (is) => is ? "Y" : "N";
function debugInfo(facts) {
  const { diagnostics, guestUserId } = facts;
  const { server, status, transport, failures, cursor } = diagnostics;
  const { version = 0, mode = "", endpoints = {}, channels = [] } = server || {};
  const isWebSocket = transport === "websocket";
  const dieOf = (wanted) => {
    const found = channels.find(({ type }) => type === wanted);
    return found && found.endAtMs && new Date(found.endAtMs).toISOString() || "-";
  };
  return __spreadProps(__spreadValues({
    UserId: `${facts.userId}${guestUserId ? " (guest)" : ""}`,
    "Guest userId": guestUserId || "-",
    "Browser online": yes(facts.isBrowserOnline),
    Connect: yes(status === "connected"),
    "Server type": mode === "shared" ? "cloud" : "local",
    "WebSocket supported": yes(facts.isSupported),
    "WebSocket connected": yes(isWebSocket),
    "WebSocket mode": !isWebSocket ? "-" : version > 4 ? "json-rpc" : version === 4 ? "protobuf" : "text",
    "Try connect": yes(status === "connecting" || status === "reconnecting"),
    "Try number": failures,
    Path: endpoints[isWebSocket ? "websocket" : "longPolling"] || "-",
    ChannelID: channels.map(({ type }) => `${type} ***`).join(", ") || "-"
  }, server ? { ChannelDie: dieOf("private"), ChannelDieShared: dieOf("shared") } : { "Config error": "no configuration" }), {
    "Last message": cursor.mid || cursor.time || "-",
    "Session history": facts.history,
    "Watch tags": facts.tags
  });
}
function createIdentity(options, core) {
  const { restApplication } = options;
  const guestId = () => {
    const { guestMode = core.message("pull_guest_mode"), guestUserId = core.message("pull_guest_user_id") } = options;
    return isOn(guestMode) ? guestUserId : void 0;
  };
  return {
    guestId,
    userId: () => guestId() || options.userId || core.message("USER_ID") || 0,
    siteId: () => options.siteId || restApplication !== true && restApplication || core.message("SITE_ID"),
    isDisabled(hasConfig) {
      const { serverEnabled = core.message("pull_server_enabled") } = options;
      if (restApplication) return false;
      return serverEnabled === void 0 ? !hasConfig && !!core.bx.message : !isNotOff(serverEnabled);
    }
  };
}
const ONLINE_LONGEST_S = 240;
function tellIncoming(event, fire, deliver, captured) {
  const { module, command, params, sender } = event;
  const extra = __spreadProps(__spreadValues({}, event.extra), { server_time_ago: event.extra.server_time_ago || 0 });
  const text2 = JSON.stringify({ command, params, extra });
  const read2 = () => JSON.parse(text2);
  const tell = (name2, ...before) => {
    const copy = read2();
    fire(name2, before.concat([command, copy.params, copy.extra]));
  };
  const isClient = sender.type === "client";
  const isOnline = !isClient && module === "online";
  const name = isOnline ? "onPullOnlineEvent" : `onPull${isClient ? "Client" : ""}Event`;
  captured(name, module, command, params, extra);
  if (isOnline) {
    if (extra.server_time_ago >= ONLINE_LONGEST_S) return;
    tell(name);
  } else {
    tell(`${name}-${module}`);
    tell(name, module);
  }
  deliver(isOnline ? "online" : isClient ? "client" : "server", module, read2);
}
function createMessaging(client, tags, session) {
  let watched = [];
  function send2(to, module, command, params, expiry) {
    return quiet(client.send({ to, module, command, params, expiry: expiry || 0 }));
  }
  function call2(method) {
    const running = session();
    return quiet(
      running ? running.uplink.call(method, {}) : Promise.reject(new PullError("not-connected", "Not started: start()"))
    );
  }
  return {
    sendMessage: (users, moduleId, command, params, expiry) => send2({ users: checked(users).map(Number) }, moduleId, command, params, expiry),
    sendMessageToChannels: (channels, moduleId, command, params, expiry) => send2({ channels: checked(channels) }, moduleId, command, params, expiry),
    sendMessageBatch: (batch) => quiet(
      Promise.all(
        batch.map(
          ({ userList = [], channelList = [], body, expiry }) => send2({ users: userList, channels: channelList }, body.module_id, body.command, body.params, expiry)
        )
      )
    ),
    getUsersLastSeen(userIds) {
      if (!checked(userIds).every((user) => typeof user === "number")) throw new TypeError("user ids must be numbers");
      return quiet(client.presence.lastSeen(userIds));
    },
    subscribeUserStatusChange(userId, listener) {
      const off = client.presence.watch(userId, (isOnline) => listener({ userId, isOnline }));
      watched = watched.concat([[userId, listener, off]]);
      return Promise.resolve();
    },
    unsubscribeUserStatusChange(userId, listener) {
      watched = watched.filter(([user, other, off]) => user !== userId || other !== listener || off());
      return Promise.resolve();
    },
    ping: () => call2("ping"),
    listChannels: () => call2("listChannels"),
    extendWatch(tag, force) {
      if (!tag) return false;
      const known = tags.get(tag);
      if (known && force) known();
      tags.set(tag, client.watch(tag));
      if (!known) return;
      known();
      return false;
    },
    clearWatch(tag) {
      const known = tags.get(tag);
      tags.delete(tag);
      if (known) known();
    }
  };
}
function quiet(promise) {
  promise.catch(() => {
  });
  return promise;
}
function checked(list) {
  if (!Array.isArray(list)) throw new TypeError("a list is needed");
  return list;
}
const PULL_STATUS = { Online: "online", Offline: "offline", Connecting: "connect" };
const SUBSCRIPTION_TYPE = {
  Server: "server",
  Client: "client",
  Online: "online",
  Status: "status",
  Revision: "revision"
};
const CLOSE_REASONS = {
  NORMAL_CLOSURE: 1e3,
  SERVER_DIE: 1001,
  CONFIG_REPLACED: 3e3,
  CHANNEL_EXPIRED: 3001,
  SERVER_RESTARTED: 3002,
  CONFIG_EXPIRED: 3003,
  MANUAL: 3004,
  STUCK: 3005,
  BACKEND_ERROR: 3006,
  WRONG_CHANNEL_ID: 4010
};
const REVISION = 19;
const NO_OPS = [
  "setPrivateVar",
  "returnPrivateVar",
  "expireConfig",
  "updateChannelID",
  "tryConnect",
  "tryConnectDelay",
  "tryConnectSet",
  "updateState",
  "setUpdateStateStepCount",
  "capturePullEventFunction",
  "setAjaxPath",
  "closeConfirm"
];
function createPageConfig(clock, portal, adopted, failed2) {
  let given = null;
  let lastMid = null;
  function adopt(answer) {
    given = null;
    const fresh = toRecord(openAnswer(answer)[0]);
    config.raw = __spreadProps(__spreadValues({}, fresh), { serverTime: void 0 });
    adopted(config.raw);
    const from = lastMid;
    lastMid = null;
    return from ? __spreadProps(__spreadValues({}, fresh), { last_id: from }) : answer;
  }
  function renewalOf(printed) {
    try {
      return renewAt(parseConfig(printed, { secure: true }), serverClock(null, 0, 0), 0, clock.now()) || Infinity;
    } catch (e) {
      return 0;
    }
  }
  const config = {
    raw: {},
    async load({ reason, signal, fetch }) {
      const printed = given;
      const untilMs = printed ? renewalOf(printed) : 0;
      given = null;
      if (untilMs > clock.now()) return adopt(printed);
      const logTag = reason === "start" ? "client_start" : reason.replace("-", "_");
      try {
        return adopt(await portal({ method: "pull.config.get", params: { CACHE: "N" }, signal, fetch, logTag }));
      } catch (thrown) {
        if (untilMs) return adopt(printed);
        failed2(toPullError(thrown, "no-answer", "The portal did not answer", true));
        throw thrown;
      }
    },
    give(next) {
      given = isRecord(next) && isRecord(next["server"]) ? next : null;
      return !!given;
    },
    goOnFrom(mid) {
      lastMid = mid;
    }
  };
  return config;
}
function applicationPortal(client) {
  if (!client || typeof client.callMethod !== "function") {
    throw new PullError("bad-option", "applicationConfig() needs a REST client with callMethod: BX24, BX.rest");
  }
  return ({ method, params, signal }) => new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    const settle2 = (result, isRefusal) => {
      signal.removeEventListener("abort", abort);
      try {
        resolve(readResult(result, isRefusal));
      } catch (thrown) {
        reject(thrown instanceof PullError ? thrown : portalError(null));
      }
    };
    const fail = (thrown) => settle2(thrown, true);
    try {
      const returned = client.callMethod(
        method === "pull.config.get" ? "pull.application.config.get" : method,
        method === "pull.channel.public.list" ? __spreadProps(__spreadValues({}, params), { APPLICATION: "Y" }) : params,
        (result) => settle2(result, false)
      );
      const { then } = Object(returned);
      if (typeof then === "function")
        then.call(returned, (result) => result === void 0 || settle2(result, false), fail);
    } catch (thrown) {
      fail(thrown);
    }
  });
}
function readResult(given, isRefusal) {
  let error = isRefusal ? given : call(given, "error") || call(given, "getError");
  if (!isRefusal && !error) {
    const data = call(given, "data");
    if (data !== void 0) return { result: data };
    const answer = call(given, "getData") || given;
    return isRecord(answer) && ("result" in answer || "error" in answer) ? answer : { result: answer };
  }
  let status = statusOf(given);
  for (let depth = 0; depth < 3; depth++) {
    status = status || statusOf(error);
    error = call(error, "getError") || call(error, "error") || error;
  }
  const { error: told, code } = Object(error);
  throw portalError({ error: typeof error === "string" ? error : told || code }, status || void 0);
}
function statusOf(holder) {
  return Number(Object(holder).status) || 0;
}
function call(holder, name) {
  const method = Object(holder)[name];
  return typeof method === "function" ? method.call(holder) : void 0;
}
const LIST = "pull.channel.public.list";
function createPortalAccess(options, core, guestId) {
  const { restApplication } = options;
  const names = {
    "pull.config.get": options.configGetMethod || (restApplication ? "pull.application.config.get" : void 0),
    [LIST]: options.getPublicListMethod
  };
  const known = /* @__PURE__ */ new Map();
  let ask2 = options.restClient && throughClient(options.restClient);
  function renamed(call2) {
    const { RestClient, bitrix_sessid: sessid } = core.bx;
    const guestUserId = guestId();
    ask2 = ask2 || (RestClient ? (
      // It says by itself who a guest is, if it is told.
      throughClient(new RestClient({ queryParams: guestUserId && { pull_guest_id: guestUserId } }))
    ) : httpPortal({ url: "/rest/pull.config.get.json", sessid, guestUserId }));
    return ask2(__spreadProps(__spreadValues({}, call2), { method: names[call2.method] || call2.method }));
  }
  async function list(call2) {
    const answer = {};
    const users = call2.params["USERS"].filter((user) => {
      if (known.has(user)) answer[user] = known.get(user);
      return !known.delete(user);
    });
    const params = restApplication ? { users, APPLICATION: "Y" } : { users };
    return users.length ? __spreadValues(__spreadValues({}, answer), toRecord(openAnswer(await renamed(__spreadProps(__spreadValues({}, call2), { params })))[0])) : answer;
  }
  return {
    portal: (call2) => call2.method === LIST ? list(call2) : renamed(call2),
    know: (channels) => channels.forEach((channel) => known.set(Number(toRecord(channel)["user_id"]), channel))
  };
}
function throughClient(client) {
  return (call2) => applicationPortal({
    callMethod: (_method, _params, done) => client.callMethod(call2.method, call2.params, done, void 0, call2.logTag)
  })(call2);
}
function createServerFacts(platform, codecs, raw, config) {
  const server = () => toRecord(raw()["server"]);
  const version = () => toNumber(server()["version"]) || 0;
  const href = () => platform.page && platform.page.href;
  const isWebSocketSupported = () => !!platform.webSocket;
  const isWebSocketEnabled = () => isWebSocketSupported() && isOn(server()["websocket_enabled"]);
  const isPublishingSupported = () => version() > 3;
  return {
    getConfig: raw,
    getRevision: () => toNumber(toRecord(raw()["api"])["revision_web"]) || null,
    getServerVersion: version,
    getServerMode: () => server()["mode"] || null,
    isWebSocketSupported,
    supportWebSocket: isWebSocketSupported,
    isWebSocketEnabled,
    isWebSocketAllowed: isWebSocketEnabled,
    isPublishingSupported,
    isPublishingEnabled: () => isPublishingSupported() && isOn(server()["publish_enabled"]),
    isProtobufSupported: () => version() === 4,
    isJsonRpc: () => version() > 4,
    isSharedMode: () => server()["mode"] === "shared",
    getConnectionPath(type) {
      const known = config();
      if (!known) return false;
      const framing = framingOf(known.version, "auto", codecs);
      const kind2 = type === "longPolling" ? "long-polling" : "websocket";
      return addressOf(known, kind2, { framing, cursor: {}, href: href() }).url;
    },
    getPublicationPath() {
      const known = config();
      return known && publishAddressOf(known, href()) || "";
    }
  };
}
function createStartPromise(isConnected) {
  let waiting = null;
  let settle2 = null;
  return {
    get() {
      if (isConnected()) return Promise.resolve(true);
      waiting = waiting || quiet(
        new Promise((resolve, reject) => {
          settle2 = (failure) => failure ? reject(withCode(failure)) : resolve(true);
        })
      );
      return waiting;
    },
    settle(failure) {
      waiting = null;
      if (settle2) settle2(failure);
    }
  };
}
function disabled() {
  const error = new PullError("disabled", "Push & Pull is off here", { facts: { portalCode: "PULL_DISABLED" } });
  return quiet(Promise.reject(withCode(error)));
}
function withCode(failure) {
  const { code, facts, message } = failure;
  const error = facts && facts["portalCode"] || code;
  return Object.assign(Object(failure), { ex: { error, error_description: message } });
}
const OFFLINE_DELAY_MS = 5e3;
const TRY_DELAY_MS = 1e3;
function createStatusReport(clock, tell) {
  let current = { status: "idle", reason: "" };
  let isTrying = true;
  let timer = null;
  let told = null;
  function hush() {
    clock.clearTimeout(timer);
    timer = null;
  }
  function say(next) {
    hush();
    report.status = next;
    if (next !== told) tell(told = next);
  }
  function later(next, delayMs) {
    timer = timer || clock.setTimeout(() => say(next), delayMs);
  }
  function set(next) {
    report.status = next;
    const isOffline = told === "offline";
    if (next === "online") {
      if (isOffline) say("connect");
      say(next);
    } else if (!isOffline) {
      if (next === "offline") later(next, OFFLINE_DELAY_MS);
      else if (told !== next) tell(told = next);
    } else if (next === "connect") later(next, TRY_DELAY_MS);
    else hush();
  }
  const report = {
    status: "offline",
    isAway: false,
    heard(fact, line) {
      current = fact || current;
      if (fact && fact.reason === "starting") {
        hush();
        if (told === "offline") told = null;
      }
      if (line === "wait") isTrying = false;
      else if (line === "open" || fact && fact.reason === "starting") isTrying = true;
      const { status, reason } = current;
      if (status === "connected") return set("online");
      const isPageAway = reason === "page-hidden" && !report.isAway;
      const isOver = status === "stopped" || status === "idle" || report.isAway;
      if (!isPageAway) set(isOver || !isTrying ? "offline" : "connect");
    }
  };
  return report;
}
function createStorageManager(storage, owner = {}) {
  const getKey = (name) => `bx-pull-${owner.userId || 0}-${owner.siteId || "none"}-${name}`;
  function attempt2(use) {
    try {
      return storage && use(storage);
    } catch (e) {
      return null;
    }
  }
  return {
    getKey,
    set: (name, value) => !!attempt2(
      (open) => (open.setItem(getKey(name), typeof value === "string" ? value : JSON.stringify(value)), true)
    ),
    get(name, fallback = null) {
      const text2 = attempt2((open) => open.getItem(getKey(name)));
      return text2 === null ? fallback : attempt2(() => JSON.parse(text2)) || text2;
    },
    remove: (name) => void attempt2((open) => open.removeItem(getKey(name))),
    compareKey: (eventKey, name) => eventKey === getKey(name)
  };
}
function createSubscribers(failed2) {
  let subscribed = [];
  function call2(key, argsOf) {
    subscribed.forEach(([other, callback]) => {
      if (other !== key) return;
      try {
        callback(...argsOf());
      } catch (thrown) {
        failed2(key, thrown);
      }
    });
  }
  function subscribe(params) {
    if (typeof Object(params).getModuleId === "function") return attachCommandHandler(params);
    const { type, moduleId, command, callback } = Object(params);
    if (typeof callback !== "function") {
      failed2("subscribe() needs a callback, or a handler");
      return () => {
      };
    }
    const key = keyOf(type || "server", moduleId, command);
    subscribed = subscribed.concat([[key, callback]]);
    return () => {
      subscribed = subscribed.filter((one) => one[0] !== key || one[1] !== callback);
    };
  }
  function attachCommandHandler(given) {
    const handler = Object(given);
    const moduleId = handler["getModuleId"] && handler["getModuleId"]();
    if (typeof moduleId !== "string") {
      failed2("A handler needs getModuleId()");
      return () => {
      };
    }
    return subscribe({
      type: handler["getSubscriptionType"] && handler["getSubscriptionType"](),
      moduleId,
      callback(data) {
        const command = String(data.command);
        const map = handler["getMap"] && handler["getMap"]();
        const named = isRecord(map) && has(map, command) && map[command];
        const found = [
          typeof named === "string" ? handler[named] : named,
          handler[`handle${command.charAt(0).toUpperCase()}${command.slice(1)}`]
        ].find((method) => typeof method === "function");
        if (found) found.call(handler, data.params, data.extra, command);
      }
    });
  }
  return {
    subscribe,
    attachCommandHandler,
    deliver(type, moduleId, read2) {
      const about = hasModule(type) ? { type, moduleId } : { type };
      const { command } = Object(read2());
      call2(keyOf(type, moduleId), () => [read2(), about]);
      if (!command || !hasModule(type)) return;
      call2(keyOf(type, moduleId, command), () => {
        const { params, extra } = read2();
        return [params, extra, command, about];
      });
    }
  };
}
function hasModule(type) {
  return type === "server" || type === "client";
}
function keyOf(type, moduleId, command) {
  const parts = hasModule(type) ? [type, moduleId, command] : [type];
  return parts.filter(Boolean).join("|");
}
const LOGGING = "bx-pull-logging-enabled";
const LOGGING_LASTS_MS = 864e5;
function createLegacyClient({ parts, root, switches }, options) {
  const platform = parts.platform();
  const { clock, page, console: console2 } = platform;
  const core = createCore(root, failed2);
  const { guestId, userId, siteId, isDisabled } = createIdentity(options, core);
  const { subscribe, attachCommandHandler, deliver } = createSubscribers(failed2);
  const access = createPortalAccess(options, core, guestId);
  const report = createStatusReport(clock, (status) => {
    core.fire("onPullStatus", [status]);
    deliver("status", null, () => ({ status }));
  });
  const config = createPageConfig(
    clock,
    access.portal,
    ({ api: api2 }) => checkRevision(toRecord(api2)["revision_web"]),
    (error) => {
      if (!session()) return;
      report.heard(null, "wait");
      started.settle(error);
    }
  );
  const started = createStartPromise(isConnected);
  const tags = /* @__PURE__ */ new Map();
  const replay = {};
  const history = /* @__PURE__ */ Object.create(null);
  let session = () => null;
  let timer = null;
  let messageCount = 0;
  let toldRevision = REVISION;
  let hasCore = false;
  let isCapturing = false;
  let isLogging = switches.isDebug;
  const client = createClient(
    __spreadProps(__spreadValues({}, parts), { platform: () => __spreadProps(__spreadValues({}, platform), { page: page && Object.assign(Object.create(page), { listen }) }) }),
    {
      config: config.load,
      portal: access.portal,
      transport: switches.transport(options.transport),
      storage: !options.skipStorageInit,
      replay,
      debug: true,
      logger: { debug: decided, error: failed2 }
    },
    (current) => session = current
  );
  client.on("status", (fact) => {
    report.heard(fact);
    if (fact.status === "connected") started.settle();
    if (fact.reason === "forbidden") core.fire("onPullError", ["AUTHORIZE_ERROR"]);
  });
  client.on("*", (event) => {
    const { module, command, extra } = event;
    const counts = history[module] = history[module] || /* @__PURE__ */ Object.create(null);
    counts[command] = (counts[command] || 0) + 1;
    messageCount++;
    tellIncoming(event, core.fire, deliver, captured);
    checkRevision(extra.revision_web);
  });
  function failed2(...said) {
    if (console2) console2.error(...said);
  }
  function decided(title, line) {
    report.heard(null, line.what);
    if (isLogging && console2) console2.warn(title, line);
  }
  function captured(...said) {
    if (isCapturing && console2) console2.warn(...said);
  }
  function checkRevision(given) {
    const server = toNumber(given);
    if (options.skipCheckRevision || options.restApplication || !(server > 0) || server === toldRevision) return;
    toldRevision = server;
    core.fire("onPullRevisionUp", [server, REVISION]);
    deliver("revision", null, () => ({ server, client: REVISION }));
  }
  function listen(listener) {
    return page.listen((signal) => report.isAway || listener(signal));
  }
  function storage() {
    return createStorageManager(options.skipStorageInit ? null : platform.storage, {
      userId: userId(),
      siteId: siteId()
    });
  }
  function isConnected() {
    return client.status === "connected";
  }
  function view() {
    const running = session();
    return running ? running.view() : {};
  }
  function later(run, delaySeconds) {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(run, delaySeconds * 1e3);
  }
  function listenToCore() {
    if (hasCore) return;
    hasCore = !!core.bx.addCustomEvent;
    core.listen("BXLinkOpened", () => api.connect());
    core.listen("onDesktopReload", () => api.stop());
    core.listen("BXLoginSuccess", () => api.restart(), true);
  }
  const api = __spreadProps(__spreadValues(__spreadValues({
    subscribe,
    attachCommandHandler
  }, createMessaging(client, tags, session)), createServerFacts(
    platform,
    parts.codecs,
    () => config.raw,
    () => view().config
  )), {
    start(given) {
      const running = session();
      const hasConfig = config.give(given);
      const isOff = isDisabled(hasConfig);
      if (isOff || isConnected()) config.give(null);
      if (isOff) return disabled();
      if (running) {
        if (hasConfig && !isConnected()) running.reload();
        return api.connect();
      }
      replay.reloadMs = isOn(toRecord(given)["skipReconnectToLastSession"]) ? 0 : void 0;
      report.isAway = false;
      listenToCore();
      isLogging = isLogging || toNumber(storage().get(LOGGING)) > clock.now();
      const connected = started.get();
      client.start().catch((error) => started.settle(error));
      return connected;
    },
    connect() {
      const running = session();
      if (!running) return api.start();
      clock.clearTimeout(timer);
      report.isAway = false;
      const connected = started.get();
      running.hint("return");
      return connected;
    },
    disconnect() {
      const running = session();
      if (!running || client.status === "connecting") return api.stop();
      clock.clearTimeout(timer);
      report.isAway = true;
      running.hint("leave");
    },
    stop() {
      clock.clearTimeout(timer);
      void client.stop();
    },
    restart() {
      const running = session();
      if (running) running.reload();
      api.disconnect();
      void api.connect();
    },
    reconnect(_code, _reason, delaySeconds = 1) {
      api.disconnect();
      later(api.connect, delaySeconds);
    },
    scheduleReconnect(delaySeconds = 0) {
      if (isDisabled(true)) return false;
      later(api.connect, delaySeconds);
      return;
    },
    scheduleRestart(_code, _reason, delaySeconds = 0) {
      later(api.restart, delaySeconds >= 1 ? delaySeconds : 6 + platform.random() * 29);
    },
    isConnected,
    getPullServerStatus: isConnected,
    isWebSoketConnected: () => client.transport === "websocket",
    setPublicIds: access.know,
    setLastMessageId(mid) {
      config.goOnFrom(mid);
      if (!session()) return;
      void client.stop();
      void api.start(config.raw);
    },
    emit({ type, moduleId, data }) {
      deliver(type, moduleId, () => data);
      return true;
    },
    capturePullEvent(on = true) {
      isCapturing = on;
    },
    enableLogging(on = true) {
      isLogging = on;
      if (on) storage().set(LOGGING, clock.now() + LOGGING_LASTS_MS);
      else storage().remove(LOGGING);
    },
    getDebugInfo: () => debugInfo({
      userId: userId(),
      guestUserId: guestId(),
      isBrowserOnline: !page || !page.isOffline,
      isSupported: api.isWebSocketSupported(),
      diagnostics: client.diagnostics(),
      history,
      tags: Array.from(tags.keys())
    }),
    getDebugInfoArray() {
      const { server } = client.diagnostics();
      const { longPolling, websocket } = server ? server.endpoints : {};
      return {
        connected: isConnected(),
        websocket: api.isWebSoketConnected(),
        websocketBlocked: false,
        path: longPolling,
        pathWebsocket: websocket
      };
    },
    get status() {
      return report.status;
    },
    get session() {
      return __spreadProps(__spreadValues({}, view().cursor), { history, messageCount });
    },
    get config() {
      return config.raw;
    },
    get connector() {
      return { connected: isConnected() };
    },
    get connectionAttempt() {
      return client.diagnostics().failures;
    },
    get debug() {
      return isCapturing;
    },
    set debug(on) {
      isCapturing = on;
    },
    get loggingEnabled() {
      return isLogging;
    },
    set loggingEnabled(on) {
      isLogging = on;
    }
  });
  NO_OPS.forEach((name) => api[name] = () => {
  });
  return api;
}
function createPageSwitches({ page, storage, console: console2 }, tag) {
  const told = /* @__PURE__ */ new Set();
  function said(name) {
    const address = new RegExp(`[?&]bx_pull_${name}=([\\w-]+)`).exec(page && page.href || "");
    return [
      ["the page's address", address ? address[1] : ""],
      ["localStorage", stored(`bx_pull_${name}`) || ""],
      ["the script tag", tag && tag.getAttribute(`data-${name}`) || ""]
    ];
  }
  function stored(key) {
    try {
      return storage && storage.getItem(key);
    } catch (e) {
      return null;
    }
  }
  function tell(line) {
    if (console2 && !told.has(line)) console2.warn(`bx-pull: ${line}`);
    told.add(line);
  }
  return {
    transport(option = "auto") {
      const [found] = said("transport").filter(([where, value]) => {
        const isKnown = value === "auto" || TRANSPORT_KINDS.includes(toTransport(value));
        if (value && !isKnown) tell(`${where} says ${value}, which is none of auto, ${TRANSPORT_KINDS.join(", ")}`);
        return isKnown;
      });
      if (found) tell(`transport ${toTransport(found[1])}, says ${found[0]}`);
      return toTransport(found ? found[1] : option);
    },
    get isDebug() {
      const found = said("debug").find(([, value]) => value);
      return !!found && found[1] !== "0";
    }
  };
}
function install(root, tag, parts) {
  const platform = parts.platform();
  const switches = createPageSwitches(platform, tag);
  const PullClient = pullClientClass(parts);
  function connect(options) {
    const given = clientOptionsOf(__spreadProps(__spreadValues({}, options), { transport: switches.transport(Object(options).transport) }));
    const client = new PullClient(switches.isDebug ? __spreadProps(__spreadValues({}, given), { debug: true }) : given);
    client.start().catch(() => {
    });
    return client;
  }
  const bx = root.BX || (root.BX = {});
  const pull = bx["Pull"] || (bx["Pull"] = {});
  fill(pull, { connect, PullClient, PullError, restConfig, staticConfig });
  const { PULL: before, PullClient: there } = bx;
  const isVendors = there && !there["Modern"];
  if (isVendors && tag && tag.getAttribute("data-bx-pull") === "replace") {
    if (before && typeof before.stop === "function") before.stop();
    delete bx["PULL"];
    delete bx["PullClient"];
  } else if (there) return;
  const Legacy = legacyClass({ parts, root, switches });
  fill(bx, { PullClient: Legacy, PULL: bx["PULL"] || new Legacy() });
}
function fill(target, members) {
  Object.keys(members).forEach((name) => target[name] || (target[name] = members[name]));
}
function legacyClass(deps) {
  const { storage } = deps.parts.platform();
  class StorageManager {
    constructor(owner) {
      Object.assign(this, createStorageManager(storage, owner));
    }
  }
  const _PullClient = class _PullClient {
    constructor(options = {}) {
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(createLegacyClient(deps, options)));
    }
  };
  _PullClient.PullStatus = PULL_STATUS;
  _PullClient.SubscriptionType = SUBSCRIPTION_TYPE;
  _PullClient.CloseReasons = CLOSE_REASONS;
  _PullClient.StorageManager = StorageManager;
  _PullClient.Modern = true;
  let PullClient = _PullClient;
  return PullClient;
}
const MAX_FRAME_LENGTH = 64 * 1024 * 1024;
const MAX_PIECES = 2e5;
const NOTHING = { module_id: "", command: "" };
const SYSTEM_NAMES = ["unknown", "ping", "channel-deleted", "poll-timeout"];
function sizeOf(frame) {
  return typeof frame === "string" ? frame.length : frame.byteLength;
}
function textOf(frame) {
  return typeof frame === "string" ? frame : new TextDecoder().decode(frame);
}
function bad(reason, length, placed = null) {
  return { type: "bad", reason, length, placed };
}
function parse(text2) {
  try {
    return JSON.parse(text2);
  } catch (e) {
    return void 0;
  }
}
function toSystem(fields) {
  const id = toInteger(fields["id"]);
  if (id === null || id >= 0) return null;
  return { type: "system", name: SYSTEM_NAMES[-id] || "unknown", channel: toText(fields["channel"]) };
}
function fromEnvelope(fields, body, length) {
  const time = toText(fields["time"]);
  const timeAtMs = Date.parse(time || "");
  return toMessage(body, length, {
    id: toInteger(fields["id"]),
    mid: toMid(fields["mid"]),
    channel: toText(fields["channel"]),
    tag: toInteger(fields["tag"]),
    time,
    timeAtMs: isNaN(timeAtMs) ? null : timeAtMs
  });
}
function toMessage(body, length, told) {
  const untold = { id: null, channel: null, tag: null, time: null, timeAtMs: null, sender: null, createdAtMs: null };
  const read2 = isBody(body) ? body : NOTHING;
  const message = Object.assign({ type: "message", body: read2, receipt: null }, untold, told);
  return read2 === body ? message : bad(body === void 0 ? "not-json" : "not-a-message", length, message);
}
function isBody(value) {
  const body = value;
  return !!body && typeof body.module_id === "string" && typeof body.command === "string";
}
function isFields(value) {
  return typeof value === "object" && !!value;
}
function toMid(value) {
  return typeof value === "string" && /^\d{26}$/.test(value) ? value : null;
}
function toInteger(value) {
  const digits = typeof value !== "object" && /^(?:W\/)?(-?\d+)$/.exec(String(value));
  return digits && Number.isSafeInteger(Number(digits[1])) ? Number(digits[1]) : null;
}
function toText(value) {
  return typeof value === "string" && value && value !== "-" ? value : null;
}
const MAX_TRIES = 8;
const START = "#!NGINXNMS!#";
const END = "#!NGINXNME!#";
const BOUNDARY = /#!NGINXNMS!#(?=\s*\{\s*"\w)/g;
const TEXT_KEY = /"text"\s*:/;
const BLANK = 32;
const pushStreamText = {
  decode(frame) {
    const size = sizeOf(frame);
    return size > MAX_FRAME_LENGTH ? [bad("too-large", size)] : readFrame(textOf(frame));
  },
  wholeOf(text2) {
    let end = 0;
    for (let at = nextStart(text2, 0); at < text2.length; at = nextStart(text2, at + 1)) end = at;
    return text2.slice(0, end);
  }
};
function readFrame(frame) {
  const out = [];
  let at = nextStart(frame, 0);
  addStray(out, frame.slice(0, at));
  let head = "";
  let run = [];
  for (let pieces = 0; at < frame.length && pieces < MAX_PIECES; pieces++) {
    const next = nextStart(frame, at + 1);
    const piece = frame.slice(at, next);
    const pieceHead = headOf(piece);
    if (pieceHead !== head || !head) {
      readRun(out, head, run);
      head = pieceHead;
      run = [];
    }
    run.push(piece);
    at = next;
  }
  readRun(out, head, run);
  if (at < frame.length) out.push(bad("too-many", frame.length - at));
  return out;
}
function nextStart(frame, from) {
  BOUNDARY.lastIndex = from;
  const found = BOUNDARY.exec(frame);
  return found ? found.index : frame.length;
}
function headOf(piece) {
  const key = TEXT_KEY.exec(piece);
  return key ? piece.slice(START.length, key.index + key[0].length) : "";
}
function readRun(out, head, run) {
  const fields = parse(head + "0}");
  if (!fields) {
    run.forEach((piece) => out.push(bad("not-json", piece.length)));
    return;
  }
  const system = toSystem(fields);
  if (system) {
    out.push(system);
    return;
  }
  const from = START.length + head.length;
  const readAlone = (to) => run.forEach((piece) => readPiece(to, fields, piece, from));
  const texts = run.length > 1 ? run.map((piece) => bodyOf(piece, from, piece.lastIndexOf(END))) : [];
  if (texts.every((text2) => text2 === texts[0])) return readAlone(out);
  const isWhole = texts.indexOf(null) < 0;
  const body = isWhole ? parse(texts.join("\n")) : void 0;
  const alone = [];
  if (body === void 0) readAlone(alone);
  if (alone.some((item) => item.type === "message"))
    alone.forEach((item) => out.push(item.type === "bad" ? bad(item.reason, item.length) : item));
  else out.push(read(fields, body, run.join("").length, isWhole));
}
function readPiece(out, fields, piece, from) {
  const last = piece.lastIndexOf(END);
  let end = last;
  let next = from;
  for (let tries = 0; end >= from && tries < MAX_TRIES; ) {
    const text2 = bodyOf(piece, from, end);
    const body = text2 === null ? void 0 : parse(text2);
    if (body !== void 0) {
      out.push(fromEnvelope(fields, body, end + END.length));
      addStray(out, piece.slice(end + END.length));
      return;
    }
    if (text2 !== null) tries++;
    end = piece.indexOf(END, next);
    next = end + END.length;
    if (end === last) break;
  }
  out.push(read(fields, void 0, piece.length, bodyOf(piece, from, last) !== null));
}
function read(fields, body, length, isWhole) {
  return isWhole ? fromEnvelope(fields, body, length) : bad("not-json", length);
}
function bodyOf(piece, from, end) {
  let close = end - 1;
  while (close >= from && piece.charCodeAt(close) <= BLANK) close--;
  return close >= from && piece[close] === "}" ? piece.slice(from, close) : null;
}
function addStray(out, text2) {
  if (text2.trim()) out.push(bad("no-marks", text2.length));
}
function decodeJson(frame, template, read2) {
  const size = sizeOf(frame);
  if (size > MAX_FRAME_LENGTH) return [bad("too-large", size)];
  const text2 = textOf(frame);
  if (template.test(text2)) return pushStreamText.decode(text2);
  const value = parse(text2);
  if (value === void 0) return [bad("not-json", size)];
  const items = Array.isArray(value) ? value : [value];
  const out = items.slice(0, MAX_PIECES).map((item) => read2(Object(item), size));
  if (items.length > MAX_PIECES) out.push(bad("too-many", size));
  return out;
}
const NOT_JSON = /^\s*([^\s[{]|$)/;
const jsonArrayCodec = {
  decode: (frame) => decodeJson(frame, NOT_JSON, readEnvelope)
};
function readEnvelope(fields, length) {
  const { text: text2, extra } = fields;
  if (isFields(text2) && !("extra" in text2) && extra !== void 0) text2["extra"] = extra;
  return toSystem(fields) || fromEnvelope(fields, text2 || null, length);
}
const MAX_ECHO_LENGTH = 100;
const TEMPLATE = /^\s*(#|$)/;
const INTERNAL_ERROR = -32603;
const NO_SUCH_METHOD = { code: -32601, message: "Method not found" };
const jsonRpcCodec = {
  decode(frame) {
    if (frame === "ping") return [{ type: "reply", frame: "pong" }];
    return decodeJson(frame, TEMPLATE, readItem);
  },
  call(calls) {
    const list = calls.map(({ id, method, params }) => ({ jsonrpc: "2.0", method, params, id }));
    return JSON.stringify(list.length === 1 ? list[0] : list);
  }
};
function readItem(item, length) {
  const { method, id, error } = item;
  if (method === "incoming.message") return readMessage(Object(item["params"]), length);
  if (typeof method === "string" && id !== void 0) return refusal$1(id);
  const answered2 = toInteger(id);
  if (answered2 === null || !(error || "result" in item)) return bad("not-a-message", length);
  const { code, message } = Object(error);
  return {
    type: "answer",
    id: answered2,
    outcome: error ? { error: { code: toInteger(code) || INTERNAL_ERROR, message: toText(message) || "" } } : { result: item["result"] }
  };
}
function refusal$1(id) {
  const known = typeof id === "number" ? id : toEcho(id);
  return { type: "reply", frame: JSON.stringify({ jsonrpc: "2.0", error: NO_SUCH_METHOD, id: known }) };
}
function readMessage(params, length) {
  const mid = toEcho(params["mid"]);
  const { body, sender } = params;
  const more = merged([params["dictionary"], params["user_params"]]);
  if (isFields(body) && Object.keys(more).length) body["params"] = merged([body["params"], more]);
  const { type, id } = Object(sender);
  return toMessage(body || null, length, {
    mid,
    sender: isFields(sender) ? { type: toInteger(type) || 0, id: typeof id === "number" ? String(id) : toText(id) } : null,
    receipt: mid && `mack:${mid}`
  });
}
function merged(parts) {
  const sum = {};
  for (const part of parts.filter(isFields))
    for (const key of Object.keys(part)) if (key !== "__proto__") sum[key] = part[key];
  return sum;
}
function toEcho(value) {
  const text2 = toText(value);
  return text2 && text2.length <= MAX_ECHO_LENGTH ? text2 : null;
}
const NO_TIME = "0000000000";
let unnumbered = 0;
const phpCodec = {
  decode(frame) {
    const length = sizeOf(frame);
    if (length > MAX_FRAME_LENGTH) return [bad("too-large", length)];
    const answer = readPhpLiteral(textOf(frame));
    if (answer === void 0) return length ? [bad("not-json", length)] : [];
    const messages = messagesOf(answer);
    const read2 = messages.slice(0, MAX_PIECES).map((raw) => toDecoded(raw, length));
    return messages.length > MAX_PIECES ? read2.concat(bad("too-many", length)) : read2;
  }
};
function messagesOf(answer) {
  const messages = toRecord(answer)["MESSAGE"];
  return typeof messages === "object" && messages !== null ? Object.values(messages) : [];
}
function toDecoded(raw, length) {
  const { id: number, module_id, command, params, extra } = toRecord(raw);
  const id = toInteger(number);
  const mid = id !== null && id > 0 ? NO_TIME + String(id).padStart(16, "0") : null;
  return toMessage({ module_id, command, params, extra }, length, { id, mid, tag: mid ? null : ++unnumbered });
}
function publish(messages) {
  const list = messages.map(
    ({ receivers, body, expiry }) => (
      // An expiry of 0 is written too: the vendor's clients do, and a server may have another default.
      field(
        1,
        toChannels(receivers).concat(field(3, Array.from(new TextEncoder().encode(body))), 32, varint(expiry >>> 0))
      )
    )
  );
  return toBatch(field(1, join(list)));
}
function channelStats(channels) {
  return toBatch(field(2, toChannels(channels)));
}
function toBatch(command) {
  return new Uint8Array(field(1, command)).buffer;
}
function toChannels(channels) {
  return join(channels.map(({ id, signature }) => field(1, field(1, fromHex(id)).concat(field(3, fromHex(signature))))));
}
function field(number, bytes) {
  return varint(number * 8 + 2).concat(varint(bytes.length), bytes);
}
function varint(value) {
  return value < 128 ? [value] : [value & 127 | 128].concat(varint(Math.floor(value / 128)));
}
function join(parts) {
  return [].concat(...parts);
}
function fromHex(digits) {
  return (digits.match(/../g) || []).map((pair) => parseInt(pair, 16));
}
const MAX_ID_BYTES = 64;
const DIGITS = "0123456789abcdef";
const LENGTHS = [0, 8, NaN, NaN, NaN, 4];
const MAX_TAG = 2 ** 32;
const MAX_SCALE = 2 ** 70;
const protobufCodec = {
  decode(frame) {
    if (typeof frame === "string") return pushStreamText.decode(frame);
    if (frame.byteLength > MAX_FRAME_LENGTH) return [bad("too-large", frame.byteLength)];
    const bytes = new Uint8Array(frame);
    return isTemplate(bytes) ? pushStreamText.decode(frame) : readBatch(bytes);
  },
  publish,
  channelStats
};
function isTemplate(bytes) {
  let at = 0;
  while (bytes[at] <= 32) at++;
  return bytes[at] === 35 && bytes[at + 1] === 33;
}
function readBatch(bytes) {
  const out = [];
  const decoder = new TextDecoder();
  let left = MAX_PIECES;
  let stoppedAt = 0;
  const isWhole = walk(bytes, 0, bytes.length, (tag, _, from, to) => tag !== 10 || walk(bytes, from, to, readResponse));
  if (!isWhole) out.push(bad("malformed", bytes.length));
  if (left < 0) out.push(bad("too-many", bytes.length - stoppedAt));
  return out;
  function readResponse(tag, _, from, to, isCut) {
    if (tag === 10) return walk(bytes, from, to, readMessage2);
    return tag !== 18 || !isRoom(from) || readStats(from, to, isCut);
  }
  function readMessage2(tag, _, from, to, isCut) {
    if (tag !== 10 || !isRoom(from)) return true;
    let mid = null;
    let text2;
    let createdAtMs = null;
    let sender = null;
    const isWhole2 = walk(bytes, from, to, (tag2, _2, from2, to2) => {
      if (tag2 === 10) mid = toMid(hex(from2, to2));
      if (tag2 === 18) text2 = bytes.subarray(from2, to2);
      if (tag2 === 37) createdAtMs = fixed32(bytes, from2) * 1e3 || null;
      if (tag2 !== 42) return true;
      let { type, id: id2 } = sender || { type: 0, id: null };
      const isWhole3 = walk(bytes, from2, to2, (tag3, value, from3, to3) => {
        if (tag3 === 8) type = value | 0;
        if (tag3 === 18) id2 = hex(from3, to3);
        return true;
      });
      sender = { type, id: id2 };
      return isWhole3;
    });
    if (isCut || !isWhole2) return false;
    const id = toInteger(String(mid).slice(10));
    out.push(toMessage(parse(decoder.decode(text2)), to - from, { id, mid, sender, createdAtMs }));
    return true;
  }
  function readStats(from, to, isCut) {
    const result = [];
    const isWhole2 = walk(bytes, from, to, (tag, _, from2, to2) => {
      if (tag !== 10 || !isRoom(from2)) return true;
      let id = null;
      let isOnline = false;
      const isWhole3 = walk(bytes, from2, to2, (tag2, value, from3, to3) => {
        if (tag2 === 10) id = hex(from3, to3);
        if (tag2 === 24) isOnline = value > 0;
        return true;
      });
      result.push({ id: id || "", isOnline });
      return isWhole3;
    });
    if (isWhole2 && !isCut) out.push({ type: "answer", id: null, outcome: { result } });
    return isWhole2;
  }
  function isRoom(from) {
    if (left-- === 0) stoppedAt = from;
    return left >= 0;
  }
  function hex(from, to) {
    let digits = "";
    if (to - from <= MAX_ID_BYTES)
      for (; from < to; from++) digits += DIGITS.charAt(bytes[from] >> 4) + DIGITS.charAt(bytes[from] & 15);
    return digits || null;
  }
}
function fixed32(bytes, at) {
  return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
}
function walk(bytes, at, end, visit) {
  let isWhole = true;
  while (at < end) {
    const tag = varint2();
    const wire = tag & 7;
    const value = wire & 5 ? 0 : varint2();
    const from = at;
    at += wire === 2 ? value : LENGTHS[wire];
    if (!(tag > 7 && tag < MAX_TAG && at + value >= from)) return false;
    const isCut = at > end;
    isWhole = visit(tag, value, from, isCut ? end : at, isCut) && !isCut && isWhole;
  }
  return isWhole;
  function varint2() {
    let value = 0;
    for (let scale = 1; scale < MAX_SCALE && at < end; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return NaN;
  }
}
const LONGEST_EVENT = 33554432;
function createEventParser(onData, onComment, longest = LONGEST_EVENT) {
  let line = "";
  let data = null;
  let endedInCr = false;
  function take() {
    if (line === "") {
      const whole = data;
      data = null;
      if (whole !== null) onData(whole);
    } else if (line[0] === ":") onComment();
    else if (line === "data" || line.startsWith("data:")) {
      const value = line.slice(line[5] === " " ? 6 : 5);
      data = data === null ? value : `${data}
${value}`;
    }
  }
  return (text2) => {
    if (text2 === "") return;
    const pieces = (endedInCr && text2[0] === "\n" ? text2.slice(1) : text2).split(/\r\n?|\n/);
    endedInCr = text2.endsWith("\r");
    pieces.forEach((piece, at) => {
      if (at > 0) {
        take();
        line = "";
      }
      line += piece;
    });
    if (line.length + (data || "").length > longest) throw new RangeError("event too long");
  };
}
function startRequest(clock) {
  return { startedAtMs: clock.now(), abort: new AbortController() };
}
function ask({ address, fetch }, phase, { abort }, accept) {
  const { url, headers, form } = address(phase);
  return fetch(url, __spreadProps(__spreadValues({
    headers: Object.assign({}, headers, accept, form && { "Content-Type": "application/x-www-form-urlencoded" })
  }, form && { method: "POST", body: encodeForm(form) }), {
    signal: abort.signal,
    // A cache would answer the same empty poll for ever.
    cache: "no-store",
    // Credentials stay with their own origin: servers answer `*`.
    credentials: "same-origin"
  }));
}
async function readText(body, isOver, piece) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  while (!isOver()) {
    const { done, value } = await reader.read();
    if (done || isOver()) return;
    piece(decoder.decode(value, { stream: true }));
  }
}
function refusal({ status, headers }, body) {
  return lossFromStatus(status, body, headers.get("Retry-After"));
}
const GATEWAY_TIMEOUTS = [408, 504, 524];
const GATEWAY_PATIENCE_MS = 1e3;
const HELD_MS = 1e3;
const HELD_GRACE_MS = 5e3;
const PAUSE_FIRST_MS = 250;
const PAUSE_LONGEST_MS = 5e3;
const SILENT_POLLS = 2;
function createPollLoop(deps, first = startRequest(deps.clock)) {
  const { clock, sink, timeouts } = deps;
  let over = false;
  let confirmed = false;
  let silent = 0;
  let pauseMs = 0;
  let patienceMs = timeouts.pollHoldMs;
  let heldMostMs = 0;
  let current = first;
  let waiting;
  function close() {
    over = true;
    clock.clearTimeout(confirming);
    clock.clearTimeout(waiting);
    current.abort.abort();
  }
  function lose(reason) {
    if (over) return;
    close();
    sink.lost(reason);
  }
  async function poll(mine) {
    current = mine;
    const wait2 = () => {
      clock.clearTimeout(waiting);
      waiting = clock.setTimeout(() => {
        if (++silent >= SILENT_POLLS) return lose(loss("timeout"));
        mine.abort.abort();
        pollNext();
      }, patienceMs);
    };
    const isStale = () => over || current !== mine;
    let text2 = "";
    wait2();
    try {
      const response = mine.response || await ask(deps, mine === first ? "first" : "next", mine);
      if (isStale()) return;
      const { body, status } = response;
      let frame;
      if (status === 200 && body && deps.wholeOf && !deps.binary) {
        await readText(body, isStale, (piece) => {
          text2 += piece;
          wait2();
        });
        frame = text2;
        text2 = "";
      } else frame = await (deps.binary && status === 200 ? response.arrayBuffer() : response.text());
      if (!isStale()) take(response, frame, clock.now() - mine.startedAtMs);
    } catch (e) {
      if (isStale()) return;
      const part = deps.wholeOf && deps.wholeOf(text2);
      if (!part) return lose(loss("network"));
      clock.clearTimeout(waiting);
      waiting = clock.setTimeout(() => {
        confirm();
        if (!over) sink.frame(part, true);
        lose(loss("network"));
      }, 0);
    }
  }
  function pollNext() {
    void poll(startRequest(clock));
  }
  function confirm() {
    clock.clearTimeout(confirming);
    if (confirmed) return;
    confirmed = true;
    sink.opened("long-polling", true);
  }
  function take(response, body, heldMs) {
    const { status, headers } = response;
    let brought = null;
    clock.clearTimeout(waiting);
    if (GATEWAY_TIMEOUTS.indexOf(status) < 0 || heldMs < GATEWAY_PATIENCE_MS) {
      if (status !== 200 && status !== 204 && status !== 304) return lose(refusal(response, String(body)));
      confirm();
      if (over) return;
      if (typeof body === "string" ? body : body.byteLength) brought = sink.frame(body);
      else {
        sink.emptyPoll({
          lastMessageId: headers.get("Last-Message-Id"),
          lastModified: headers.get("Last-Modified")
        });
        sink.alive();
      }
      if (over) return;
    }
    silent = 0;
    if (!brought && heldMs >= HELD_MS) {
      heldMostMs = Math.max(heldMostMs, heldMs);
      patienceMs = Math.min(timeouts.pollHoldMs, heldMostMs + HELD_GRACE_MS);
    }
    const mayHurry = brought === "news" || status !== 200 && heldMs >= HELD_MS;
    pauseMs = mayHurry ? 0 : Math.min(pauseMs * 2 || PAUSE_FIRST_MS, PAUSE_LONGEST_MS);
    if (mayHurry) pollNext();
    else waiting = clock.setTimeout(pollNext, pauseMs);
  }
  const confirming = clock.setTimeout(
    () => sink.opened("long-polling", false),
    Math.max(0, timeouts.pollConfirmMs + first.startedAtMs - clock.now())
  );
  void poll(first);
  return { close };
}
function createEventStreamTransport(deps) {
  const { clock, sink, timeouts, mayBecomeLongPoll: mayBecomeLongPoll2 } = deps;
  const request = startRequest(clock);
  let over = false;
  let loop;
  let waiting;
  function lose(reason) {
    if (over) return;
    close();
    sink.lost(reason);
  }
  function close() {
    over = true;
    clock.clearTimeout(waiting);
    if (loop) loop.close();
    else request.abort.abort();
  }
  async function run() {
    const asked = ask(deps, "first", request, { Accept: "text/event-stream" });
    if (mayBecomeLongPoll2) {
      waiting = clock.setTimeout(() => {
        sink.opened("long-polling", false);
        if (over) return;
        waiting = clock.setTimeout(() => lose(loss("timeout")), timeouts.pollHoldMs - timeouts.pollConfirmMs);
      }, timeouts.pollConfirmMs);
    }
    const response = await asked;
    if (over) return;
    clock.clearTimeout(waiting);
    const { status, headers, body } = response;
    const isPoll = status === 200 || status === 304;
    if (status === 200 && body && /^text\/event-stream\b/i.test(headers.get("Content-Type") || "")) await read2(body);
    else if (isPoll && mayBecomeLongPoll2) {
      request.response = response;
      loop = createPollLoop(deps, request);
    } else if (isPoll) lose(loss("not-event-stream", status));
    else {
      waiting = clock.setTimeout(() => lose(refusal(response, "")), timeouts.pollConfirmMs);
      lose(refusal(response, await response.text()));
    }
  }
  async function read2(body) {
    sink.opened("sse", false);
    const feed = createEventParser(
      (data) => over || sink.frame(data),
      () => over || sink.alive()
    );
    let confirmed = false;
    await readText(
      body,
      () => over,
      (text2) => {
        if (!confirmed) {
          confirmed = true;
          sink.opened("sse", true);
        }
        if (!over) feed(text2);
      }
    );
    lose(loss("dropped"));
  }
  run().catch(() => lose(loss("network")));
  return { close };
}
const QUIET = { delayMs: 6e4, shortLeft: 0 };
const AFTER_NEWS = { delayMs: 1e4, shortLeft: 4 };
const SHORT_MS = 2e4;
function nextStep({ shortLeft }, hasNews) {
  if (hasNews) return AFTER_NEWS;
  return shortLeft ? { delayMs: SHORT_MS, shortLeft: shortLeft - 1 } : QUIET;
}
function createIntervalPollingTransport(deps) {
  const { clock, sink, timeouts } = deps;
  let over = false;
  let isOpen = false;
  let step2 = QUIET;
  let timer;
  let current = startRequest(clock);
  let stale;
  let fresh = "";
  function close() {
    over = true;
    clock.clearTimeout(timer);
    current.abort.abort();
  }
  function lose(reason) {
    if (over) return;
    close();
    sink.lost(reason);
  }
  async function poll(phase, isRepeated = false) {
    timer = clock.setTimeout(() => lose(loss("timeout")), timeouts.pollHoldMs);
    current = startRequest(clock);
    try {
      const place = deps.address(phase);
      const { form } = place;
      const given = form && form["sessid"] || "";
      const sessid = given === stale ? fresh : given;
      const response = await ask(__spreadProps(__spreadValues({}, deps), { address: () => __spreadProps(__spreadValues({}, place), { form: __spreadProps(__spreadValues({}, form), { sessid }) }) }), phase, current);
      const body = await response.text();
      if (over) return;
      clock.clearTimeout(timer);
      const answer = readPhpLiteral(body);
      const next = renewedSessionId(answer);
      if (next && next !== sessid && !isRepeated) {
        stale = given;
        fresh = next;
        return await poll(phase, true);
      }
      if (!response.ok) return lose(refusal(response, body));
      const reason = reasonOf(answer);
      if (reason) return lose(loss(reason));
      take(body, answer);
    } catch (e) {
      lose(loss("network"));
    }
  }
  function take(body, answer) {
    if (!isOpen) {
      isOpen = true;
      sink.opened("interval-polling", true);
      if (over) return;
    }
    const messages = messagesOf(answer);
    const isNew = messages.length > 0 && sink.frame(body) === "news";
    if (!messages.length) sink.alive();
    if (over) return;
    step2 = nextStep(step2, isNew && !messages.every(isCounter));
    timer = clock.setTimeout(() => void poll("next"), step2.delayMs);
  }
  void poll("first");
  return { close };
}
function reasonOf(answer) {
  const { ERROR: code, MESSAGE: messages } = toRecord(answer);
  if (isPhpSessionError(code)) return "unauthorized";
  if (code === "ERROR_OPEN_CHANNEL") return "bad-channel";
  if (code) return "server-error";
  return code === void 0 && messages === void 0 ? "bad-request" : null;
}
function isCounter(message) {
  const { module_id: module, command } = toRecord(message);
  return module === "main" && command === "user_counter";
}
function createLongPollingTransport(deps) {
  return createPollLoop(deps);
}
function createWebSocketTransport(deps) {
  const { sink } = deps;
  const Socket = deps.webSocket;
  let opened2 = false;
  let over = false;
  let refusal2 = null;
  if (!Socket) throw new TypeError("no WebSocket in this runtime");
  const socket = new Socket(deps.address("first").url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    if (over) return;
    opened2 = true;
    sink.opened("websocket", true);
  };
  socket.onmessage = ({ data }) => {
    if (!over && (typeof data === "string" || data instanceof ArrayBuffer)) sink.frame(data);
  };
  socket.onerror = (event) => {
    if (!opened2) refusal2 = refusalIn(event);
  };
  socket.onclose = ({ code, reason }) => lose(refusal2 || lossFromClose(code, reason, opened2));
  function lose(loss2) {
    if (over) return;
    over = true;
    sink.lost(loss2);
  }
  return {
    send(frame) {
      if (!opened2 || over) return false;
      socket.send(frame);
      return true;
    },
    close(code = 1e3, reason = "") {
      over = true;
      socket.onopen = socket.onmessage = null;
      socket.onerror = socket.onclose = () => {
      };
      socket.close(code, reason);
    }
  };
}
function refusalIn(event) {
  const error = event;
  const status = /server response: (\d{3})/.exec(String(error && error.message));
  return status && loss("refused", Number(status[1]));
}
function standardParts(platform) {
  return {
    platform,
    codecs: {
      text: pushStreamText,
      protobuf: protobufCodec,
      json: jsonArrayCodec,
      "json-rpc": jsonRpcCodec,
      php: phpCodec
    },
    factories: {
      websocket: createWebSocketTransport,
      sse: createEventStreamTransport,
      "long-polling": createLongPollingTransport,
      "interval-polling": createIntervalPollingTransport
    }
  };
}
if (typeof self === "object") install(self, scriptTag(), standardParts(browserPlatform));
})();
