/** Types of prepare.mjs for the test configuration. */

export type Tool = 'chromium' | 'nginx' | 'php'

export function find(tool: Tool): string | null
export function testEnvironment(): Record<string, string>
export function prepare(options?: { browser?: boolean; nginx?: boolean; php?: boolean }): void
