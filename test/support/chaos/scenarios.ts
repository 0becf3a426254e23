import type { Target } from '../../contract/targets'
export interface ScenarioOptions {
  readonly targets: readonly Target[]
  readonly seed: number
  readonly count: number
  readonly perSecond: number
}
export type ScenarioName = 'switches'
export const SCENARIOS: Record<ScenarioName, (o: ScenarioOptions) => Promise<{ isFine: boolean }[]>> = {
  switches: async () => [],
}
