/** Owns the language of the page: which one, its words, and how times and numbers are written in it. */
import en from './words-en.js'
import ru from './words-ru.js'

const WORDS = { en, ru }
const STORED_AS = 'bx-pull-demo-language'

let language = chosen()
let formats = formatsOf(language)
const listeners = []

export function t(key, values = {}) {
  const text = WORDS[language][key] ?? key
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''))
}

export function hasWord(key) {
  return Object.hasOwn(WORDS[language], key)
}

export const currentLanguage = () => language

export function setLanguage(next) {
  language = next
  formats = formatsOf(next)
  remember(next)
  listeners.forEach((listener) => listener())
}

/** Calls back after every change of the language; what is shown has to be written anew. */
export function onLanguage(listener) {
  listeners.push(listener)
}

/** Writes the texts that stand in the HTML. */
export function translateDocument() {
  document.documentElement.lang = language
  document.title = t('page.title')
  for (const node of document.querySelectorAll('[data-text]')) node.textContent = t(node.dataset.text)
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', t(node.dataset.label))
  for (const node of document.querySelectorAll('[data-placeholder]')) node.placeholder = t(node.dataset.placeholder)
}

export const formatNumber = (number) => formats.number.format(number)
export const formatTime = (atMs) => formats.time.format(atMs)
export const formatExactTime = (atMs) => formats.exactTime.format(atMs)

/** For countdowns: always in one unit. */
export const formatSeconds = (ms) => t('unit.s', { number: formats.tenths.format(ms / 1000) })

/** 12 ms, 3.4 s, 12 min: as exact as it matters. */
export function formatSpan(ms) {
  if (Math.abs(ms) < 1000) return t('unit.ms', { number: formats.number.format(Math.round(ms)) })
  if (Math.abs(ms) < 120_000) return formatSeconds(ms)
  return t('unit.min', { number: formats.number.format(Math.round(ms / 60_000)) })
}

/** The first language of the browser that the page speaks. */
export function preferred(languages) {
  const known = languages.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => Object.hasOwn(WORDS, tag))
  return known ?? 'en'
}

function formatsOf(tag) {
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
  return {
    number: new Intl.NumberFormat(tag),
    tenths: new Intl.NumberFormat(tag, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    time: new Intl.DateTimeFormat(tag, clock),
    exactTime: new Intl.DateTimeFormat(tag, { ...clock, fractionalSecondDigits: 3 }),
  }
}

function chosen() {
  try {
    const stored = localStorage.getItem(STORED_AS)
    if (Object.hasOwn(WORDS, stored ?? '')) return stored
  } catch {
    // Storage may be switched off.
  }
  return preferred(navigator.languages)
}

function remember(tag) {
  try {
    localStorage.setItem(STORED_AS, tag)
  } catch {
    // Then the choice lasts as long as the page.
  }
}
