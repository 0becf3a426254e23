/** Owns how parameters are written for PHP: `tags[0]=a&tags[1]=b`. Pure. */

/** Values that are not there are left out, and so are empty lists: PHP knows no way to write them. */
export function encodeForm(values: Readonly<Record<string, unknown>>): string {
  const fields: string[] = []
  Object.keys(values).forEach((name) => addField(fields, encodeURIComponent(name), values[name]))
  return fields.join('&')
}

/** `encodeURIComponent` on purpose: `URLSearchParams` writes a space as `+`. */
function addField(fields: string[], name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    const items = value as Readonly<Record<string, unknown>>
    Object.keys(items).forEach((key) => addField(fields, `${name}[${encodeURIComponent(key)}]`, items[key]))
  } else if (value !== undefined && value !== null && value !== '') {
    // To PHP every word is true, `false` included.
    fields.push(`${name}=${encodeURIComponent(typeof value === 'boolean' ? Number(value) : String(value))}`)
  }
}
