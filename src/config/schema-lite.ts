/** Owns the stand-in for `schema.ts` in the script-tag file: the same functions with the same meaning, for what we ask. */

/** How one value is read. */
type Read<Value> = (value: unknown) => Value
type Shape = Readonly<Record<string, Read<unknown>>>
type Values<Keys extends Shape> = { [Key in keyof Keys]: ReturnType<Keys[Key]> }

export function transform<Value>(read: Read<Value>): Read<Value> {
  return read
}

/** Reads the keys of the shape, missing ones as `undefined`, and drops all others. */
export function object<Keys extends Shape>(shape: Keys): (value: Readonly<Record<string, unknown>>) => Values<Keys> {
  return (value) => {
    const values: Record<string, unknown> = {}
    Object.keys(shape).forEach((key) => (values[key] = shape[key]!(value[key])))
    return values as Values<Keys>
  }
}

export function parse<Given, Value>(schema: (given: Given) => Value, given: Given): Value {
  return schema(given)
}
