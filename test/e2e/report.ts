/** Collects measured figures of a test file and prints them as one compact table, so that they can be quoted. */

export interface Report {
  add(scenario: string, figures: Readonly<Record<string, string | number>>): void
  print(): void
}

export function createReport(title: string): Report {
  const rows: { scenario: string; figures: string }[] = []
  return {
    add(scenario, figures) {
      const text = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
      rows.push({ scenario, figures: text.join(', ') })
    },
    print() {
      const width = Math.max(0, ...rows.map(({ scenario }) => scenario.length))
      const lines = rows.map(({ scenario, figures }) => `  ${scenario.padEnd(width)}  ${figures}`)
      console.log([`${title}: measured`, ...lines].join('\n'))
    },
  }
}
