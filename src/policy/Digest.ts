import { createHash } from "node:crypto"

const canonical = (value: unknown): unknown => {
  if (typeof value === "bigint") return `${value}`
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value)
    .filter(([key, item]) => key !== "position" && item !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
  return entries.map(([key, item]) => [key, canonical(item)])
}

/** SHA-256 of plain data, in hexadecimal: the same for every order of keys. Positions in a file are left out. */
export const digest = (value: object): string =>
  createHash("sha256")
    .update(JSON.stringify(canonical(value)))
    .digest("hex")
