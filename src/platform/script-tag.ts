/** Owns the script tag that the file was loaded by. */

export interface ScriptTag {
  getAttribute(name: string): string | null
}

/** The tag that is running right now. Later nobody knows which one it was: ask while the file is being loaded. */
export function scriptTag(): ScriptTag | null {
  return typeof document === 'undefined' ? null : document.currentScript
}
