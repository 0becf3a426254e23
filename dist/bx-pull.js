/*! bx-pull 0.1.0 | MIT
 *  mitt: Copyright (c) 2021 Jason Miller */
;(function () {
"use strict";
const bxPullGlobal = typeof window === "object" ? window : self;
const __spreadValues = Object.assign, __spreadProps = __spreadValues;


















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
const OFF = [false, 0, "0", "N", "n", "false", ""];
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
  return !OFF.includes(value);
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
    const produce = option;
    return async (request) => produce(request);
  }
  if (isRecord(option) && !option["then"]) return staticConfig(option);
  throw new PullError("bad-option", "config must be a configuration object, a function or restConfig()");
}
const REASONS = [
  ["bad-channel", 400, 403, 1008, 4010, 4019, 4021],
  ["unauthorized", 401],
  ["not-found", 404, 405, 410],
  ["too-many", 429, 1013, 4029],
  ["server-restart", 1001, 1012],
  ["server-error", 4011]
];
function reasonOf(code) {
  const found = REASONS.find((codes) => codes.indexOf(code) > 0);
  return found ? found[0] : code > 4011 && code < 4021 && "bad-request";
}
function lossFromClose(code, text2, opened2) {
  const unauthorized = code === 1008 && /"http_status"\s*:\s*401/.test(text2);
  return loss(unauthorized ? "unauthorized" : reasonOf(code) || (opened2 ? "dropped" : "refused"), code);
}
function lossFromStatus(status, body, retryAfter) {
  const told = /^\s*(4\d{3}):/.exec(body);
  const reason = told && reasonOf(Number(told[1])) || reasonOf(status);
  const waitMs = Number(retryAfter) * 1e3;
  return loss(reason || (status < 500 ? "bad-request" : "server-error"), status, waitMs > 0 ? waitMs : null);
}
function loss(reason, code = null, retryAfterMs = null) {
  return { reason, code, retryAfterMs };
}
function reactionTo(reason) {
  if (reason === "bad-channel" || reason === "unauthorized") return "renew";
  if (reason === "server-restart") return "spread";
  return reason === "too-many" ? "back-off" : "retry";
}
const BACKOFF = { baseMs: 1500, capMs: 15e3, firstMs: 500, restartSpreadMs: 8e3 };
const CLOUD_LADDER_MS = [100, 15e3, 15e3, 45e3, 45e3, 6e5, 6e5, 6e5, 6e5, 6e5, 36e5];
const TOO_MANY_MS = 15e3;
function backoffPolicy(option = {}) {
  if (typeof option === "function") return option;
  if (option === "cloud") return cloud;
  return exponential(__spreadValues(__spreadValues({}, BACKOFF), option));
}
function exponential({ baseMs, capMs, firstMs, restartSpreadMs }) {
  return ({ failures, reason, wasUseful, chance }) => {
    const reaction = reactionTo(reason);
    if (reaction === "back-off") return TOO_MANY_MS * (1 + chance);
    if (failures <= 1) {
      if (reaction === "spread") return restartSpreadMs * chance;
      if (wasUseful) return firstMs * chance;
    }
    return Math.min(capMs, baseMs * 2 ** Math.max(0, failures - 2)) * (0.75 + 0.5 * chance);
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
    emit: (key, ...args) => handlers.emit(key, args),
    count: (key) => (handlers.all.get(key) || []).length
  };
}
function channelId(signed) {
  const key = mailboxOf(signed);
  const hidden = () => "***";
  const id = {
    reveal: () => signed,
    matches: (other) => mailboxOf(other) === key,
    toString: hidden,
    toJSON: hidden
  };
  return id;
}
function mailboxOf(signed) {
  return signed.split(/[:.]/)[0].toLowerCase();
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
const HALF_RESOLUTION_MS = 500;
const LATENCY_MS = 1e3;
const MESSAGE_LIFETIME_MS = 864e5;
const RENEW_SHARE = 0.1;
const RENEW_SPAN_MS = 15 * 6e4;
const RENEW_MARGIN_MS = 5e3;
const LAZY_MIN_MS = 1e3;
const LAZY_SPAN_MS = 12e4;
function serverClock(serverTimeAtMs, sentAtMs, receivedAtMs) {
  if (serverTimeAtMs === null) return { shiftMs: 0, uncertaintyMs: Infinity };
  const roundTripMs = Math.max(0, receivedAtMs - sentAtMs);
  return {
    shiftMs: receivedAtMs - roundTripMs / 2 - (serverTimeAtMs + HALF_RESOLUTION_MS),
    uncertaintyMs: roundTripMs / 2 + HALF_RESOLUTION_MS
  };
}
function observe(clock, serverTimeUnix, nowMs) {
  if (!(serverTimeUnix > 0) || !isFinite(serverTimeUnix)) return clock;
  const shiftMs = nowMs - serverTimeUnix * 1e3;
  if (clock.uncertaintyMs === Infinity) return { shiftMs, uncertaintyMs: MESSAGE_LIFETIME_MS };
  const latestMs = clock.shiftMs + clock.uncertaintyMs;
  const settles = !clock.isSettled && clock.uncertaintyMs < MESSAGE_LIFETIME_MS && shiftMs <= latestMs + LATENCY_MS;
  if (settles) return __spreadProps(__spreadValues({}, clock), { shiftMs: Math.min(shiftMs, latestMs), isSettled: true });
  return shiftMs < clock.shiftMs ? __spreadProps(__spreadValues({}, clock), { shiftMs }) : clock;
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
function learnUseless(lessons, kind2) {
  const learnt = learnRefusal(lessons, kind2, "useless");
  const useless = __spreadProps(__spreadValues({}, lessons.useless), { [kind2]: (lessons.useless[kind2] || 0) + 1 });
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
  outageSinceMs: null,
  lastLoss: null,
  probeDelayMs: 0,
  lastCheckAtMs: -Infinity,
  hasConnected: false,
  restartUntilMs: -Infinity
};
function draft(state, moment, options) {
  const members2 = __spreadValues({ memory: FRESH, active: null, links: [], queue: [] }, state);
  const d = __spreadProps(__spreadValues({}, members2), { effects: [], moment, options });
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
  d.effects.push({ type: "open", linkId: id, kind: kind2, sinceMs });
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
  const isAlone = memory.target.candidates.length === 1;
  const isSuspect = isAlone && lost2.reason === "refused" && failures > 1 && (failures & failures - 1) === 0;
  if (isSuspect) d.effects.push({ type: "renew" });
  renewIfRefused(d, lost2);
  wait(d, delayAfter(d, lost2, wasUseful, failures));
}
function noticeOutage({ memory, moment }) {
  if (memory.outageSinceMs === null) memory.outageSinceMs = moment.nowMs;
}
function renewIfRefused(d, { reason }) {
  if (reactionTo(reason) === "renew") d.effects.push({ type: "renew" });
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
  return Math.max(asked >= 0 ? asked : 0, lost2.retryAfterMs || 0, floorMs(d));
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
  } else if (!tryNext(d)) planProbe(d);
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
    clearTimer(d, "useful", active.id);
    clearTimer(d, "deadline", active.id);
    d.links.push(active);
    setTimer(d, "drain", d.options.drainMs, active.id);
  }
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
    memory.lessons = cause.reason === "buffered" ? learnRefusal(memory.lessons, link.kind, cause.reason) : learnUseless(memory.lessons, link.kind);
  }
  const spare = d.links.filter((other) => other.openedAtMs !== null).sort((a, b) => b.targetId - a.targetId || b.id - a.id)[0];
  if (spare) {
    dropLink(d, spare);
    d.active = spare;
    if (!spare.useful) setTimer(d, "useful", options.usefulAfterMs, spare.id);
    if (isOutdated(memory, spare)) successorFailed(d, cause, link.useful);
    return planProbe(d);
  }
  noticeOutage(d);
  const hasMore = d.links.length > 0 || d.queue.length > 0;
  if (link.useful || !hasMore || reaction === "renew") return giveUpRound(d, cause, link.useful);
  d.phase = "connecting";
  stopClimbing(d);
  tryNext(d);
}
function suspend(d) {
  closeAll(d, "stopped");
  d.effects.push({ type: "clear-timers" });
  noticeOutage(d);
  d.queue = [];
  d.phase = "suspended";
}
const CHECK_FLOOR_MS = 1e4;
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
      return hinted(d, event.hint);
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
function hinted(d, hint) {
  const { active, memory, moment, options, phase } = d;
  if (hint === "leave") {
    if (phase !== "suspended") suspend(d);
    return;
  }
  if (phase === "suspended") return beginRound(d);
  if (phase === "connecting" || active && hint === "return") return;
  const canImprove = active !== null && betterThan(memory.target.candidates, active.kind).length > 0;
  if (active && !canImprove && hint === "retry") return;
  const { lastLoss } = memory;
  const isAsked = lastLoss !== null && (lastLoss.retryAfterMs !== null || reactionTo(lastLoss.reason) === "back-off");
  const isSentAway = !active && isAsked;
  if (isSentAway || moment.nowMs - memory.lastCheckAtMs < (active ? CHECK_FLOOR_MS : options.hintFloorMs)) return;
  memory.lastCheckAtMs = moment.nowMs;
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
function createConnection(deps) {
  const { platform, options } = deps;
  const { clock } = platform;
  const timers = createTimers(clock);
  const links = /* @__PURE__ */ new Map();
  const queue = [];
  let state = { phase: "idle" };
  let running = false;
  let unlisten = null;
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
        return open(effect.linkId, effect.kind, effect.sinceMs);
      case "close":
        return close(effect.linkId, effect.code, effect.reason);
      case "set-timer": {
        const { name, linkId, delayMs } = effect;
        if (name === "retry") deps.record({ what: "wait", delayMs: Math.round(delayMs) });
        return timers.set(keyOf$1(name, linkId), delayMs, () => dispatch({ type: "timer", name, linkId }));
      }
      case "clear-timer":
        return timers.clear(keyOf$1(effect.name, effect.linkId));
      case "clear-timers":
        return timers.clearAll();
      case "renew":
        deps.record({ what: "renew" });
        return deps.renew();
      default:
        return effect;
    }
  }
  function open(linkId, kind2, sinceMs) {
    const candidates = state.phase === "idle" ? [] : state.memory.target.candidates;
    let carried = false;
    const lost2 = (reason) => {
      if (!links.has(linkId)) return;
      links.delete(linkId);
      deps.record({ what: "lost", linkId, transport: kind2, detail: reason.reason, code: reason.code });
      happened({ type: "lost", linkId, loss: reason });
    };
    deps.record({ what: "open", linkId, transport: kind2 });
    links.set(linkId, { transport: null, kind: kind2 });
    try {
      const factory = deps.factories[kind2];
      if (!factory) throw new TypeError(`no ${kind2} transport`);
      const port = deps.openLink({ id: linkId, kind: kind2, sinceMs });
      const transport = factory({
        clock,
        fetch: platform.fetch,
        webSocket: platform.webSocket,
        timeouts: deps.timeouts,
        mayBecomeLongPoll: mayBecomeLongPoll(candidates, kind2),
        address: port.address,
        sink: {
          opened(as, confirmed) {
            deps.record({ what: "opened", linkId, transport: as, detail: confirmed ? "confirmed" : "unconfirmed" });
            happened({ type: "opened", linkId, kind: as, confirmed });
          },
          frame(frame) {
            if (!carried) {
              carried = true;
              happened({ type: "carried", linkId });
            }
            return port.frame(frame);
          },
          alive: () => timers.fireOverdue(),
          emptyPoll: port.emptyPoll,
          lost: lost2
        }
      });
      if (links.has(linkId)) links.set(linkId, { transport, kind: kind2 });
    } catch (e) {
      lost2(loss("unsupported"));
    }
  }
  function close(linkId, code, reason) {
    var _a;
    const link = links.get(linkId);
    if (!link) return;
    links.delete(linkId);
    deps.record({ what: "close", linkId, transport: link.kind, detail: reason });
    (_a = link.transport) == null ? void 0 : _a.close(code);
  }
  return {
    start(target, preferred) {
      var _a, _b;
      unlisten != null ? unlisten : unlisten = (_b = (_a = platform.page) == null ? void 0 : _a.listen((signal) => {
        const hint = hintOf(signal);
        if (hint === null) return;
        deps.record({ what: "hint", detail: signal });
        happened({ type: "hint", hint });
      })) != null ? _b : null;
      deps.record({ what: "start" });
      dispatch({ type: "start", target, preferred });
    },
    retarget(target) {
      deps.record({ what: "retarget" });
      dispatch({ type: "retarget", target });
    },
    announceRestart: () => dispatch({ type: "restart-announced" }),
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
function keyOf$1(name, linkId) {
  return linkId === null ? name : `${name}:${linkId}`;
}
const DEDUPE_WINDOW = 16384;
function createDedupe(limit = DEDUPE_WINDOW) {
  const seen = /* @__PURE__ */ new Set();
  return {
    isNew(identity) {
      if (seen.has(identity)) return false;
      seen.add(identity);
      if (seen.size > limit) seen.delete(seen.values().next().value);
      return true;
    },
    reset: () => seen.clear(),
    get size() {
      return seen.size;
    }
  };
}
function identityOf(message) {
  return message.mid || [message.channel, message.id, message.tag, message.time].join("|");
}
const WHOLE_HISTORY = "00000000000000000000000000";
const MARK_EVERY_MS = 100;
const MARKS_KEPT = 64;
const REPLAY_QUIET_MS = 1e3;
const REPLAY_LONGEST_MS = 1e4;
const MID_CLOCK_TOLERANCE_MS = 864e5;
function createPosition({ version, overlapMs, originAtMs, originIsServerTime }) {
  const byMid = version >= 3;
  let marks = [];
  let storeWasEmpty = false;
  let epoch = 0;
  function remember(place, receivedAtMs) {
    const newest = marks[marks.length - 1];
    if (!isAfter(place, newest)) return;
    const before = marks[marks.length - 2];
    if (newest && before && newest.receivedAtMs - before.receivedAtMs < MARK_EVERY_MS) marks.pop();
    marks.push(Object.assign({ receivedAtMs }, place));
    if (marks.length > MARKS_KEPT) marks = thinned(marks);
  }
  function open(link) {
    const since = Math.min(link.sinceMs, link.nowMs) - overlapMs;
    const safe = marks.filter((mark) => mark.receivedAtMs <= since).pop();
    const from = safe || (byMid || !originIsServerTime ? marks[0] : void 0);
    const fromOrigin = !from && (link.resumed || version === 1 || originIsServerTime && !byMid);
    const query = from ? overlapQuery(from) : storeWasEmpty || fromOrigin ? originQuery() : {};
    const openedInEpoch = epoch;
    let holding = !byMid && !link.atomic && link.channelCount > 1 && !!query.time;
    let held = null;
    let firstAtMs = 0;
    let heldAtMs = 0;
    let reached = null;
    function move(place, nowMs) {
      if (holding) {
        if (!firstAtMs) firstAtMs = heldAtMs = nowMs;
        const live = place.timeAtMs >= wholeSecond(link.serverNowMs + firstAtMs - link.nowMs) + 1e3;
        holding = !live && nowMs - heldAtMs < REPLAY_QUIET_MS && nowMs - firstAtMs < REPLAY_LONGEST_MS;
        heldAtMs = nowMs;
        if (holding) {
          if (isAfter(place, held)) held = place;
          return;
        }
        if (held) remember(held, nowMs);
      }
      remember(place, nowMs);
    }
    return {
      query,
      next: () => reached ? exactQuery(reached) : storeWasEmpty && !from ? originQuery() : query,
      accept(message, nowMs) {
        const place = placeOf(message);
        if (!place || isFromTheFuture(place.mid, link.serverNowMs)) return "news";
        const renumbered = byMid && safe && openedInEpoch === epoch && place.mid <= safe.mid;
        if (renumbered) {
          epoch++;
          marks = [];
        }
        if (renumbered || isAfter(place, reached)) reached = place;
        if (fromOrigin && isBeforeStart(message)) return "before-start";
        move(place, nowMs);
        return renumbered ? "renumbered" : "news";
      },
      emptyPoll(hint, nowMs) {
        if (from || reached) return;
        if (byMid && hint.lastMessageId === "") storeWasEmpty = true;
        reached = hintedPlace(hint);
        if (reached && !marks.length) remember(reached, nowMs);
      }
    };
  }
  function placeOf({ mid, timeAtMs, tag }) {
    if (byMid) return mid === null ? null : { mid, timeAtMs: 0, tag: 0 };
    return timeAtMs === null || tag === null ? null : { mid: "", timeAtMs, tag };
  }
  function hintedPlace({ lastMessageId, lastModified }) {
    if (byMid) return lastMessageId && /^\d{26}$/.test(lastMessageId) ? startOf(lastMessageId, 0) : null;
    const atMs = Date.parse(lastModified || "");
    return atMs > 0 ? startOf("", atMs) : null;
  }
  function startOf(mid, timeAtMs) {
    return { mid, timeAtMs: version === 1 ? timeAtMs - 1e3 : timeAtMs, tag: 0 };
  }
  function exactQuery({ mid, timeAtMs, tag }) {
    return byMid ? { mid } : { tag, time: new Date(timeAtMs).toUTCString() };
  }
  function overlapQuery({ mid, timeAtMs }) {
    return exactQuery(startOf(mid, timeAtMs));
  }
  function originQuery() {
    return exactQuery(startOf(WHOLE_HISTORY, originAtMs));
  }
  function isBeforeStart(message) {
    const publishedAtMs = byMid ? publishedAt(message) : message.timeAtMs;
    return publishedAtMs !== null && publishedAtMs < wholeSecond(originAtMs);
  }
  return {
    open,
    describe() {
      const newest = marks[marks.length - 1];
      return newest ? exactQuery(newest) : {};
    }
  };
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
function publishedAt({ body }) {
  const extra = body.extra;
  const atMs = Number(extra && extra.server_time_unix) * 1e3;
  return atMs > 0 ? atMs : null;
}
function isAfter(a, b) {
  return !b || a.mid > b.mid || (a.timeAtMs - b.timeAtMs || a.tag - b.tag) > 0;
}
function isFromTheFuture(mid, serverNowMs) {
  return Number(mid.slice(0, 10)) * 1e3 > serverNowMs + MID_CLOCK_TOLERANCE_MS;
}
function wholeSecond(atMs) {
  return Math.floor(atMs / 1e3) * 1e3;
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
function candidatesOf({ version, endpoints }, wanted, platform) {
  const usable = [];
  const missing = {};
  const isRead = version > 0 && version < 5;
  wanted.forEach((kind2) => {
    const supported = kind2 === "websocket" ? platform.webSocket : kind2 !== "interval-polling" && platform.fetch;
    if (!isRead || !supported) missing[kind2] = "unsupported";
    else if (!endpointOf(endpoints, kind2)) missing[kind2] = "not-configured";
    else usable.push({ kind: kind2, ownAddress: kind2 === "sse" && endpoints.sse !== null });
  });
  return { usable, missing };
}
function endpointOf({ websocket, sse, longPolling }, kind2) {
  return kind2 === "websocket" ? websocket : kind2 === "sse" && sse || longPolling;
}
function noTransport({ version }, { missing }) {
  const reasons = Object.entries(missing).map((reason) => reason.join(": "));
  const message = `No transport works here with push server version ${version} (${reasons.join(", ")}): ask for another one, or add what is missing to options.platform.`;
  return new PullError("no-transport", message, { facts: { skipped: missing, version } });
}
const REVISION = 19;
function addressOf(config, kind2, cursor, href) {
  const { version, channels, mode, clientId, hostname } = config;
  const isWebSocket = kind2 === "websocket";
  let base = endpointOf(config.endpoints, kind2) || "";
  if (href && !/^\w+:/.test(base)) base = new URL(base, href).href;
  if (isWebSocket) base = base.replace(/^http/i, "ws");
  const said = __spreadProps(__spreadValues({
    CHANNEL_ID: channelQuery(channels),
    clientId: mode === "shared" && clientId,
    hostname
  }, cursor), {
    revision: REVISION
  });
  const names = Object.keys(said).filter((name) => said[name] || said[name] === 0);
  const parameters = names.map((name) => [name, String(said[name])]);
  const url = requestUrl(base, parameters, version === 1);
  return version === 1 && !isWebSocket && cursor.time ? { url, headers: { "If-Modified-Since": cursor.time } } : { url };
}
const READ_AFTER_MS = 3e3;
function createArrivals() {
  let known = null;
  let knownAtMs = 0;
  let unreadSinceMs = Infinity;
  let endedAtMs = Infinity;
  let firstId = 0;
  let heardAtMs = Infinity;
  return {
    opening({ id, sinceMs }, channels, clock, nowMs) {
      const old = known || channels;
      const fresh = channels.filter((channel) => channelTypeOf(old, channel.id.reveal()) === null);
      if (fresh.length) {
        const isDated = clock.uncertaintyMs < Infinity;
        const starts = fresh.map(({ startAtMs }) => isDated && startAtMs ? startAtMs + clock.shiftMs : nowMs);
        const startedAtMs = Math.max(knownAtMs, Math.min(nowMs, endedAtMs, ...starts));
        unreadSinceMs = Math.min(unreadSinceMs, startedAtMs);
        endedAtMs = heardAtMs = Infinity;
        firstId = id;
      } else if (sinceMs - heardAtMs >= READ_AFTER_MS) unreadSinceMs = Infinity;
      if (!known || fresh.length) {
        known = channels;
        knownAtMs = nowMs;
      }
      return unreadSinceMs;
    },
    heard(linkId, nowMs) {
      if (linkId >= firstId) heardAtMs = Math.min(heardAtMs, nowMs);
    },
    lost(linkId, nowMs) {
      if (linkId >= firstId && nowMs - heardAtMs < READ_AFTER_MS) heardAtMs = Infinity;
    },
    ended(nowMs) {
      endedAtMs = Math.min(endedAtMs, nowMs);
    }
  };
}
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
  if (/session_failed|invalid_csrf/.test(told)) cure = "pass the sessid of this login";
  else if (portalCode === "SERVER_ERROR") {
    code = "disabled";
    cure = "set up the push server of the portal";
  } else if (/\b(AUTHORIZE_ERROR|WRONG_AUTH_TYPE|401|403)\b/.test(told)) {
    code = "forbidden";
    cure = "log in, or pass guestUserId; applications call pull.application.config.get";
  }
  return new PullError(code, `No push configuration (${told}): ${cure}`, {
    retryable: code !== "forbidden",
    facts: { portalCode, httpStatus },
    cause
  });
}
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
    publish: isOn(server["publish_enabled"]) ? pick("http", "publish") : null
  };
}
function usableUrl(scheme, value) {
  const parts = USABLE_URL.exec(toText$1(value) || "");
  if (!parts) return null;
  const rest = parts[2];
  return parts[1] === void 0 ? rest : `${scheme}${parts[1].toLowerCase()}:${rest}`;
}
function transform(read) {
  return read;
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
const configSchema = object$1({ clientId: text, jwt: text, exp: instant, serverTime: instant });
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
  const { clientId, jwt, exp, serverTime } = parse$1(configSchema, config);
  const { version, server_enabled: enabled, mode, hostname } = parse$1(serverSchema, rawServer);
  const endpoints = endpointsOf(rawServer, options.secure);
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
    clientId,
    jwt,
    expiresAtMs: exp,
    serverTimeAtMs: serverTime || answeredAtMs
  };
}
function toVersion(value) {
  const version = toNumber(value);
  return version >= 0 && version % 1 === 0 ? version : NaN;
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
      const dueAtMs = stale ? nowMs + doubled(6e4, stale, 36e5) : renewAtMs;
      return __spreadProps(__spreadValues({}, state), { phase: "planned", reason: "expiring", dueAtMs, failures: 0, stale });
    }
    case "failed": {
      const failures = state.failures + 1;
      const dueAtMs = nowMs + doubled(5e3, failures, 6e4) * (1 + 0.25 * chance);
      return __spreadProps(__spreadValues({}, state), { phase: "planned", dueAtMs, failures });
    }
    case "wanted": {
      const dueAtMs = Math.max(nowMs + event.withinMs * chance, state.loadedAtMs + FLOOR_MS);
      return dueAtMs < state.dueAtMs ? __spreadProps(__spreadValues({}, state), { reason: event.reason, dueAtMs }) : state;
    }
    default:
      return event;
  }
}
function doubled(firstMs, times, longestMs) {
  return Math.min(longestMs, firstMs * 2 ** (times - 1));
}
function createConfigLoader(deps, adopt) {
  const { platform } = deps;
  const { clock } = platform;
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
    const late = new Promise((_, reject) => {
      giveUp = () => {
        const message = "No configuration came in time: check that the portal answers.";
        reject(new PullError("config-unavailable", message, { retryable: true }));
        request.abort();
      };
    });
    const deadline = clock.setTimeout(giveUp, deps.timeouts.configMs);
    try {
      const asked = deps.source({ reason: state.reason, signal: request.signal, fetch: platform.fetch });
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
const SENDERS = ["unknown", "client", "backend"];
function eventOf(message, origin, clock, receivedAtMs) {
  const { body, mid, channel } = message;
  const publishedAtMs = publishedAt(message);
  const isDated = publishedAtMs !== null;
  return {
    module: body.module_id.toLowerCase(),
    command: body.command,
    params: body.params === void 0 ? {} : body.params,
    extra: __spreadProps(__spreadValues({}, toRecord(body.extra)), {
      server_time_ago: isDated ? Math.max(0, serverNow(clock, receivedAtMs) - publishedAtMs) / 1e3 : null
    }),
    id: mid,
    channel: channelTypeOf(origin.channels, channel),
    sender: senderOf(message),
    receivedAtMs,
    replayed: isDated && publishedAtMs < serverNow(clock, origin.openedAtMs)
  };
}
function senderOf({ body }) {
  const { type, id } = toRecord(toRecord(body.extra)["sender"]);
  return { type: SENDERS[Number(type)] || "unknown", id: typeof id === "string" ? id : null };
}
function statusOf(state, missing) {
  const { target, lessons, lastLoss, hasConnected } = state.memory;
  const skipped = __spreadValues(__spreadValues({}, missing), lessons.skipped);
  if (state.phase === "connected") {
    const { kind: kind2, confirmed } = state.active;
    delete skipped[kind2];
    return { status: "connected", transport: kind2, reason: confirmed ? "open" : "unconfirmed", skipped };
  }
  const diagnosis = state.phase === "waiting" && diagnose(target.candidates, lessons.skipped);
  const reason = state.phase === "suspended" ? "page-hidden" : diagnosis || (lastLoss ? lastLoss.reason : "starting");
  return { status: hasConnected ? "reconnecting" : "connecting", transport: null, reason, skipped };
}
function outageOf(state) {
  return state.phase === "waiting" ? state.memory.outageSinceMs : null;
}
function sameStatus(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
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
function createSession(deps) {
  const { platform } = deps;
  const { clock } = platform;
  const startedAtMs = clock.now();
  const counters = createCounters();
  const dedupe = createDedupe(deps.replay.dedupeWindow);
  const arrivals = createArrivals();
  const loader = createConfigLoader(deps, adopt);
  let config = null;
  let serverTime = serverClock(null, 0, 0);
  let position = null;
  let candidates = { usable: [], missing: {} };
  let connection = null;
  let targetId = 0;
  let hasOpened = false;
  let isRenewing = false;
  let hurriedOutage = null;
  let deafId = 0;
  let deafSinceMs = 0;
  let over = false;
  function adopt(next, sentAtMs) {
    const nowMs = clock.now();
    const previous = config;
    counters.configLoads++;
    if (next.serverTimeAtMs !== null) serverTime = serverClock(next.serverTimeAtMs, sentAtMs, nowMs);
    const found = candidatesOf(next, deps.wanted, platform);
    if (!next.enabled) {
      const message = "The push server is off: switch it on in the settings of the Push and Pull module.";
      throw new PullError("disabled", message);
    }
    if (!found.usable.length) throw noTransport(next, found);
    candidates = found;
    config = next;
    if (!previous || previous.version !== next.version) {
      position = createPosition({
        version: next.version,
        overlapMs: deps.replay.overlapMs,
        originAtMs: serverNow(serverTime, startedAtMs),
        originIsServerTime: next.serverTimeAtMs !== null
      });
    }
    if (!previous) {
      tellChannels("loaded");
      if (!over) connect2(deps.machineOptions(next));
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
    return renewAt(next, serverTime, platform.random(), nowMs, previous);
  }
  function connect2(options) {
    connection = createConnection(__spreadProps(__spreadValues({}, deps), { options, openLink: openLink2, changed: tellStatus, renew, record }));
    connection.start(target(), deps.preferred);
  }
  function retarget2() {
    if (connection) connection.retarget(target());
  }
  function target() {
    return { id: ++targetId, candidates: candidates.usable };
  }
  function renew() {
    isRenewing = true;
    loader.want("bad-channel");
  }
  function openLink2(link) {
    if (!config || !position) throw new Error("no configuration");
    const own = config;
    const { id, kind: kind2 } = link;
    const { channels, version } = own;
    const openedAtMs = clock.now();
    const hasActive = !!connection && connection.state.phase === "connected";
    const sinceMs = Math.min(link.sinceMs, arrivals.opening(link, channels, serverTime, openedAtMs));
    const replay = position.open({
      nowMs: openedAtMs,
      sinceMs,
      serverNowMs: serverNow(serverTime, openedAtMs),
      channelCount: channels.length,
      // An attempt that failed may have eaten a message, and took its time: what came meanwhile is asked for as well. On a
      // Node server that is the whole history, once an hour at the most: then the transport that works is tried first.
      resumed: hasOpened || id > 1,
      atomic: kind2 === "long-polling"
    });
    if (version === 1 && kind2 === "websocket" && hasOpened && (!hasActive || sinceMs < link.sinceMs)) {
      deafId = id;
      deafSinceMs = sinceMs;
    }
    return {
      address: (phase) => addressOf(own, kind2, phase === "first" ? replay.query : replay.next(), platform.page && platform.page.href),
      frame: (frame) => take(frame, replay, { channels, openedAtMs }),
      emptyPoll: (hint) => replay.emptyPoll(hint, clock.now())
    };
  }
  function take(frame, replay, origin) {
    let outcome = "nothing-new";
    let count = 0;
    counters.frames++;
    for (const item of deps.codec.decode(frame)) {
      if (over) break;
      if (item.type === "bad") count++;
      else if (item.type === "message") {
        if (accept(item, replay, origin)) outcome = "news";
      } else if (item.name === "channel-deleted") renew();
    }
    if (count) {
      counters.bad += count;
      const message = "The server sent something unreadable; it was skipped, nothing else is lost.";
      deps.warn(new PullError("bad-frame", message, { retryable: true, facts: { count } }));
    }
    return outcome;
  }
  function accept(message, replay, origin) {
    const nowMs = clock.now();
    const verdict = replay.accept(message, nowMs);
    if (verdict === "renumbered") dedupe.reset();
    if (!dedupe.isNew(identityOf(message))) {
      counters.repeats++;
      return false;
    }
    if (verdict === "before-start") {
      counters.beforeStart++;
      return false;
    }
    if (senderOf(message).type !== "client") noticeTime(publishedAt(message), nowMs);
    const event = eventOf(message, origin, serverTime, nowMs);
    if (event.module === "pull") {
      counters.commands++;
      obey(event, message);
    } else {
      counters.events++;
      deps.deliver(event);
    }
    return true;
  }
  function noticeTime(publishedAtMs, nowMs) {
    const isPlausible = serverTime.uncertaintyMs < Infinity || Math.abs(nowMs - Number(publishedAtMs)) < 864e5;
    if (publishedAtMs && isPlausible) serverTime = observe(serverTime, publishedAtMs / 1e3, nowMs);
  }
  function obey(event, message) {
    const command = systemCommand(event.command, event.params);
    if (!command || !config) return;
    switch (command.type) {
      case "channel_expire": {
        const { channelId: channelId2, successor } = command;
        const { channels } = config;
        if (channelTypeOf(channels, channelId2) === null) return;
        const replaced = successor && replaceChannel(channels, channelId2, successor);
        if (!replaced) {
          const saidAtMs = publishedAt(message) || config.version < 3 && message.timeAtMs;
          arrivals.ended(saidAtMs ? saidAtMs + serverTime.shiftMs : clock.now());
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
    deps.status(statusOf(state, missing));
  }
  function tellChannels(reason) {
    if (config) deps.channels({ reason, channels: config.channels.map(({ type, endAtMs }) => ({ type, endAtMs })) });
  }
  function record(entry) {
    const { what, linkId, detail } = entry;
    if (what === "lost") counters.lost++;
    if (what === "lost" && linkId) arrivals.lost(linkId, clock.now());
    if (what === "opened" && linkId) opened2(linkId);
    if (what === "opened" && detail === "confirmed") {
      counters.opened++;
      if (linkId) arrivals.heard(linkId, clock.now());
    }
    deps.record(entry);
  }
  function opened2(linkId) {
    const untilMs = clock.now();
    hasOpened = true;
    if (deafId !== linkId) return;
    deafId = 0;
    deps.gap({ certainty: "suspected", reason: "no-replay", sinceMs: deafSinceMs, untilMs });
  }
  return {
    start: () => loader.start(),
    stop() {
      over = true;
      loader.stop();
      if (connection) connection.stop();
    },
    view: () => ({
      state: connection ? connection.state : { phase: "idle" },
      counters,
      config,
      cursor: position ? position.describe() : {},
      remembered: dedupe.size,
      clockShiftMs: serverTime.uncertaintyMs < Infinity ? serverTime.shiftMs : null
    })
  };
}
function targetOf({ version, endpoints, clientId, hostname, mode, channels }) {
  return JSON.stringify([version, endpoints, clientId, hostname, mode, channelQuery(channels)]);
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
  configMs: 3e4,
  spreadMs: 15e3
};
const REPLAY = { overlapMs: 1500, dedupeWindow: 16384 };
const flag = oneOf(true, false);
const kind = oneOf(...TRANSPORT_KINDS);
const CHECKS = {
  // Checked where it is made a source.
  config: () => false,
  transport: (value) => value !== "auto" && kind(value),
  transports: (value) => (!Array.isArray(value) || !value.length || value.some(kind)) && `a list of ${kind(0)}`,
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
function createClient(parts, given) {
  const options = checkOptions(given);
  const source = toConfigSource(options.config);
  const wanted = wantedTransports(options);
  const platform = withDefaults(parts.platform(), options.platform);
  const timeouts = withDefaults(TIMEOUTS, options.timeouts);
  const logger = options.logger || platform.console || {};
  const timeline = createTimeline();
  const { clock, page } = platform;
  const remembers = options.storage !== false && wanted.length > 1;
  const memory = createTransportMemory({ clock, storage: remembers ? platform.storage : null });
  const emitter = createEmitter(listenerThrew);
  let fact = IDLE;
  let session = null;
  let lastReport = NOTHING_YET;
  let starting = null;
  let resolve = () => {
  };
  let reject = resolve;
  function tell(key, payload, detail) {
    note({ what: key, detail });
    emitter.emit(key, payload);
  }
  function note(entry) {
    const line = __spreadValues({ atMs: clock.now() }, entry);
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
    tell("status", next, `${status} ${reason}`);
    if (status === "connected") resolve();
  }
  function deliver(event) {
    const { module, command } = event;
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
    session = createSession({
      platform,
      source,
      // Without a page the plain addresses come first: the secure ones serve where they are the only ones.
      secure: typeof options.secure === "boolean" ? options.secure : !!page && page.protocol === "https:",
      codec: parts.codec,
      factories: parts.factories,
      wanted,
      preferred: memory.recall(),
      machineOptions,
      timeouts,
      replay: withDefaults(REPLAY, options.replay),
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
    if (!session) return;
    const rejectThis = reject;
    lastReport = reportOf(session.view());
    session.stop();
    session = null;
    starting = null;
    setStatus({ status: "stopped", transport: null, reason: error.code, skipped: fact.skipped });
    if (error.code !== "stopped") report(error);
    rejectThis(error);
  }
  return {
    on: (key, listener) => emitter.on(keyOf(key, listener), listener),
    start() {
      if (starting) return starting;
      const mine = starting = new Promise((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
      });
      mine.catch(() => {
      });
      begin();
      setStatus({ status: "connecting", transport: null, reason: "starting", skipped: {} });
      if (session) session.start();
      return mine;
    },
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
    diagnostics: () => __spreadProps(__spreadValues(__spreadValues({}, fact), session ? reportOf(session.view()) : lastReport), {
      timeline: timeline.entries()
    })
  };
}
function keyOf(given, listener) {
  const key = given === "*" ? "*:*" : String(given);
  const at = key.indexOf(":") + 1;
  if (typeof listener === "function" && (at > 1 || LIFECYCLE.includes(key))) {
    return key.slice(0, at).toLowerCase() + key.slice(at);
  }
  const keys = `'module:command', 'module:*', '*', ${LIFECYCLE.join(", ")}`;
  throw new PullError("bad-option", `on(key, listener) needs a function and one of ${keys}`);
}
function pullClientClass(parts) {
  class PullClient2 {
    constructor(options) {
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(createClient(parts, options)));
    }
  }
  return PullClient2;
}
function restConfig(options = {}) {
  return async (request) => {
    const sessid = (typeof options.sessid === "function" ? options.sessid() : options.sessid) || null;
    let [response, answer] = await ask$1(options, request, sessid);
    const next = errorCodeOf(answer) === "session_failed" && toText$1(toRecord(answer)["sessid"]);
    if (next && next !== sessid) [response, answer] = await ask$1(options, request, next);
    if (!response.ok || answer === void 0) throw portalError(answer, response.status);
    return answer;
  };
}
async function ask$1(options, request, sessid) {
  const send = options.fetch || request.fetch;
  if (!send) throw new PullError("bad-option", "No fetch here: pass one to restConfig");
  const { url = "/rest/pull.config.get.json", method = "POST" } = options;
  const isGet = method === "GET";
  const form = `CACHE=${options.cache || "N"}${field("sessid", sessid)}${field("pull_guest_id", options.guestUserId)}`;
  const query = `logTag=${request.reason.replace("-", "_")}${isGet ? `&${form}` : ""}`;
  try {
    const response = await send(url + (url.includes("?") ? "&" : "?") + query, {
      method,
      credentials: options.credentials || "same-origin",
      cache: "no-store",
      signal: request.signal,
      headers: __spreadValues(__spreadValues({}, !isGet && { "Content-Type": "application/x-www-form-urlencoded" }), options.headers),
      body: isGet ? null : form
    });
    return [response, parseJson(await response.text())];
  } catch (thrown) {
    if (request.signal.aborted) throw thrown;
    throw portalError(null, void 0, isGet ? void 0 : thrown);
  }
}
function field(name, value) {
  return value ? `&${name}=${encodeURIComponent(value)}` : "";
}
function parseJson(body) {
  try {
    return JSON.parse(body);
  } catch (e) {
    return void 0;
  }
}
function browserPlatform() {
  const scope = typeof self === "undefined" ? {} : self;
  return {
    clock: {
      now: () => Date.now(),
      setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimeout: (handle) => clearTimeout(handle)
    },
    random: () => Math.random(),
    // Called as a method of the global: a detached `fetch` throws "Illegal invocation".
    fetch: scope.fetch ? (url, init) => scope.fetch(url, init) : null,
    webSocket: scope.WebSocket || null,
    storage: localStorageOf(scope),
    page: pageOf(scope),
    console: typeof console === "undefined" ? null : console
  };
}
function localStorageOf(scope) {
  try {
    return scope.localStorage || null;
  } catch (e) {
    return null;
  }
}
function pageOf(scope) {
  const { location, document, navigator = {} } = scope;
  if (!location || !scope.addEventListener) return null;
  const sources = [
    [scope, "online"],
    [scope, "offline"],
    // `pagehide`, never `unload` or `beforeunload`: those keep the page out of the back/forward cache.
    [scope, "pagehide"],
    [scope, "pageshow", (event) => event.persisted ? "pageshow" : null],
    [document, "visibilitychange", () => document.visibilityState],
    [document, "resume"],
    [navigator.connection, "change", () => "network-change"]
  ];
  return {
    protocol: location.protocol,
    get href() {
      return location.href;
    },
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
const ALIASES = {
  webSocket: "websocket",
  longPolling: "long-polling",
  polling: "long-polling"
};
function clientOptionsOf(options) {
  const { config = configOf(options), transport = "auto" } = options;
  const result = __spreadProps(__spreadValues({}, options), {
    config,
    transport: ALIASES[transport] || transport,
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
  return {
    server: {
      version: version || (/[.:]/.test(userHash) ? 4 : 2),
      server_enabled: serverEnabled,
      long_polling: urlOf("/sub"),
      websocket_enabled: true,
      websocket: urlOf("/subws")
    },
    channels: userHash.split("/").filter(Boolean).map((id, at) => ({ id, type: ["private", "shared"][at] }))
  };
}
const MAX_FRAME_LENGTH = 32 * 1024 * 1024;
const MAX_PIECES = 5e4;
const MAX_TRIES = 8;
const START = "#!NGINXNMS!#";
const END = "#!NGINXNME!#";
const BOUNDARY = /#!NGINXNMS!#(?=\s*\{\s*"\w)/g;
const TEXT_KEY = /"text"\s*:/;
const BLANK = 32;
const SYSTEM_NAMES = ["unknown", "ping", "channel-deleted", "poll-timeout"];
const pushStreamText = {
  decode(frame) {
    const isText = typeof frame === "string";
    const size = isText ? frame.length : frame.byteLength;
    if (size > MAX_FRAME_LENGTH) return [bad("too-large", size)];
    return readFrame(isText ? frame : new TextDecoder().decode(frame));
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
  const id = toInteger(fields["id"]);
  if (id !== null && id < 0) {
    out.push({ type: "system", name: SYSTEM_NAMES[-id] || "unknown", channel: toText(fields["channel"]) });
    return;
  }
  const from = START.length + head.length;
  const readAlone = (to) => run.forEach((piece) => readPiece(to, fields, piece, from));
  const texts = run.length > 1 ? run.map((piece) => textOf(piece, from, piece.lastIndexOf(END))) : [];
  if (texts.every((text2) => text2 === texts[0])) return readAlone(out);
  const body = texts.indexOf(null) < 0 ? parse(texts.join("\n")) : void 0;
  const alone = [];
  if (body === void 0) readAlone(alone);
  if (alone.some((item) => item.type === "message")) alone.forEach((item) => out.push(item));
  else out.push(toDecoded(fields, body, run.join("").length));
}
function readPiece(out, fields, piece, from) {
  const last = piece.lastIndexOf(END);
  let end = last;
  let next = from;
  for (let tries = 0; end >= from && tries < MAX_TRIES; ) {
    const text2 = textOf(piece, from, end);
    const body = text2 === null ? void 0 : parse(text2);
    if (body !== void 0) {
      out.push(toDecoded(fields, body, end + END.length));
      addStray(out, piece.slice(end + END.length));
      return;
    }
    if (text2 !== null) tries++;
    end = piece.indexOf(END, next);
    next = end + END.length;
    if (end === last) break;
  }
  out.push(toDecoded(fields, void 0, piece.length));
}
function textOf(piece, from, end) {
  let close = end - 1;
  while (close >= from && piece.charCodeAt(close) <= BLANK) close--;
  return close >= from && piece[close] === "}" ? piece.slice(from, close) : null;
}
function toDecoded(fields, body, length) {
  const digits = toText(fields["mid"]);
  const mid = digits && /^\d{26}$/.test(digits) ? digits : null;
  if (!isBody(body)) return bad(body === void 0 ? "not-json" : "not-a-message", length, mid);
  const time = toText(fields["time"]);
  const timeAtMs = Date.parse(time || "");
  return {
    type: "message",
    id: toInteger(fields["id"]),
    mid,
    channel: toText(fields["channel"]),
    tag: toInteger(fields["tag"]),
    time,
    timeAtMs: isNaN(timeAtMs) ? null : timeAtMs,
    body
  };
}
function bad(reason, length, mid = null) {
  return { type: "bad", reason, length, mid };
}
function addStray(out, text2) {
  if (text2.trim()) out.push(bad("no-marks", text2.length));
}
function parse(text2) {
  try {
    return JSON.parse(text2);
  } catch (e) {
    return void 0;
  }
}
function isBody(value) {
  const body = value;
  return !!body && typeof body.module_id === "string" && typeof body.command === "string";
}
function toInteger(value) {
  const digits = typeof value !== "object" && /^(?:W\/)?(-?\d+)$/.exec(String(value));
  return digits && Number.isSafeInteger(Number(digits[1])) ? Number(digits[1]) : null;
}
function toText(value) {
  return typeof value === "string" && value && value !== "-" ? value : null;
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
  const { url, headers } = address(phase);
  return fetch(url, {
    headers: Object.assign({}, headers, accept),
    signal: abort.signal,
    // A cache would answer the same empty poll for ever.
    cache: "no-store",
    // Credentials stay with their own origin: servers answer `*`.
    credentials: "same-origin"
  });
}
function refusal({ status, headers }, body) {
  return lossFromStatus(status, body, headers.get("Retry-After"));
}
const GATEWAY_TIMEOUTS = [408, 504, 524];
const GATEWAY_PATIENCE_MS = 1e3;
const HELD_MS = 1e3;
const PAUSE_FIRST_MS = 250;
const PAUSE_LONGEST_MS = 5e3;
const SILENT_POLLS = 2;
function createPollLoop(deps, first = startRequest(deps.clock)) {
  const { clock, sink, timeouts } = deps;
  let over = false;
  let confirmed = false;
  let silent = 0;
  let pauseMs = 0;
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
    waiting = clock.setTimeout(() => {
      if (++silent >= SILENT_POLLS) return lose(loss("timeout"));
      mine.abort.abort();
      pollNext();
    }, timeouts.pollHoldMs);
    const isStale = () => over || current !== mine;
    try {
      const response = mine.response || await ask(deps, mine === first ? "first" : "next", mine);
      if (isStale()) return;
      const body = await response.text();
      if (isStale()) return;
      clock.clearTimeout(waiting);
      take(response, body, clock.now() - mine.startedAtMs);
    } catch (e) {
      if (!isStale()) lose(loss("network"));
    }
  }
  function pollNext() {
    void poll(startRequest(clock));
  }
  function take(response, body, heldMs) {
    const { status, headers } = response;
    let news = false;
    if (GATEWAY_TIMEOUTS.indexOf(status) < 0 || heldMs < GATEWAY_PATIENCE_MS) {
      if (status !== 200 && status !== 204 && status !== 304) return lose(refusal(response, body));
      clock.clearTimeout(confirming);
      if (!confirmed) {
        confirmed = true;
        sink.opened("long-polling", true);
        if (over) return;
      }
      if (body) news = sink.frame(body) === "news";
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
    const mayHurry = news || status !== 200 && heldMs >= HELD_MS;
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
    if (status === 200 && body && /^text\/event-stream\b/i.test(headers.get("Content-Type") || "")) await read(body);
    else if (isPoll && mayBecomeLongPoll2) {
      request.response = response;
      loop = createPollLoop(deps, request);
    } else if (isPoll) lose(loss("not-event-stream", status));
    else {
      waiting = clock.setTimeout(() => lose(refusal(response, "")), timeouts.pollConfirmMs);
      lose(refusal(response, await response.text()));
    }
  }
  async function read(body) {
    sink.opened("sse", false);
    const feed = createEventParser(
      (data) => over || sink.frame(data),
      () => over || sink.alive()
    );
    const decoder = new TextDecoder();
    const reader = body.getReader();
    let confirmed = false;
    for (; ; ) {
      const { done, value } = await reader.read();
      if (over) return;
      if (done) return lose(loss("dropped"));
      if (!confirmed) {
        confirmed = true;
        sink.opened("sse", true);
      }
      if (!over) feed(decoder.decode(value, { stream: true }));
      if (over) return;
    }
  }
  run().catch(() => lose(loss("network")));
  return { close };
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
    codec: pushStreamText,
    factories: {
      websocket: createWebSocketTransport,
      sse: createEventStreamTransport,
      "long-polling": createLongPollingTransport
    }
  };
}
const PullClient = pullClientClass(standardParts(browserPlatform));
function connect(options) {
  const client = new PullClient(clientOptionsOf(options));
  client.start().catch(() => {
  });
  return client;
}
const root = self;
const bx = root.BX || (root.BX = {});
const pull = bx.Pull || (bx.Pull = {});
const members = { connect, PullClient, PullError, restConfig, staticConfig };
Object.keys(members).forEach((name) => pull[name] || (pull[name] = members[name]));
})();
