/** Owns how an episode that went wrong is made small: steps are left out as long as the same invariant still fails. */
import { perform } from './virtual-episode'
import type { InvariantId } from './virtual-invariants'
import type { Plan } from './virtual-plan'

/** `runs`: episodes at most. */
export async function shrink(plan: Plan, id: InvariantId, runs = 400): Promise<Plan> {
  let { steps } = plan
  let left = runs
  const fails = async (tried: Plan['steps']): Promise<boolean> => {
    left--
    const { violations } = await perform({ ...plan, steps: tried })
    return violations.some((violation) => violation.id === id)
  }
  for (let size = Math.ceil(steps.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < steps.length && left > 0;) {
      const tried = [...steps.slice(0, at), ...steps.slice(at + size)]
      if (await fails(tried)) steps = tried
      else at += size
    }
  }
  return { ...plan, steps }
}
