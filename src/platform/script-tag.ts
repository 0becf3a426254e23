/** Owns single facts of the page that the port has no word for. Both may be asked anywhere. */

export interface ScriptTag {
  getAttribute(name: string): string | null
}

/** The tag that is running right now. Later nobody knows which one it was: ask while the file is being loaded. */
export function scriptTag(): ScriptTag | null {
  return typeof document === 'undefined' ? null : document.currentScript
}

/** What the browser says: it is wrong often enough. */
export function isBrowserOnline(): boolean {
  return typeof navigator === 'undefined' || navigator.onLine !== false
}
