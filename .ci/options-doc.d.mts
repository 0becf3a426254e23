export function optionsPage(): string
