/** Owns the names of what must hold for the whole client, whatever happens; docs/SPEC.md has the rules in full. */
export const INVARIANTS = {
  Z1: 'nothing comes twice',
  Z2: 'everything the server has comes',
  Z3: 'what the server threw away is told by a gap',
  Z4: 'a channel is in order where the server keeps it',
  Z5: 'a gap is told only where there is reason',
  Z6: 'good weather leads to a connection, and every break to a word',
  Z7: 'stop leaves nothing and is the end',
  Z8: 'a status is told once, and for a reason',
  Z9: 'a floor between attempts of a kind',
  Z10: 'requests are bounded',
  Z11: 'a floor between configurations',
  Z12: 'no secret leaves',
  Z13: 'what is held and kept is bounded',
  Z14: 'nothing escapes',
  Z15: 'listeners are isolated',
  Z16: 'nothing is sent that the server does not take',
  Z17: 'nothing from before the start comes',
} as const

export type InvariantId = keyof typeof INVARIANTS

export interface Violation {
  readonly id: InvariantId
  readonly text: string
  /** True time. */
  readonly atMs: number
}
