import type { GuestError } from "./GuestError.ts"

const nameLengthMax = 100
const messageLengthMax = 2_000

const bounded = (text: string, lengthMax: number): string =>
  text.length <= lengthMax ? text.toWellFormed() : `${text.slice(0, lengthMax - 1).toWellFormed()}…`

const text = (source: object, key: string): string | undefined => {
  const value: unknown = Reflect.get(source, key)
  return typeof value === "string" && value !== "" ? value : undefined
}

const unknown: GuestError = { name: "ToolError", message: "the tool failed" }

const describe = (thrown: unknown): GuestError => {
  if (typeof thrown === "string") return { ...unknown, message: bounded(thrown, messageLengthMax) }
  if (typeof thrown !== "object" || thrown === null) return unknown
  const isError = thrown instanceof Error
  const name = (isError ? text(thrown, "name") : undefined) ?? text(thrown, "_tag")
  if (name === undefined) return unknown
  const message = text(thrown, "message") ?? unknown.message
  return { name: bounded(name, nameLengthMax), message: bounded(message, messageLengthMax) }
}

/**
 * What a guest sees of what a handler failed with.
 *
 * Of an `Error`, and of anything else with a `_tag`: the name (at most 100 characters) and the message (at most 2,000). Of a
 * string: the string as the message. Of everything else: only that the tool failed. Stacks, causes and other fields stay on
 * the host, so a message must hold nothing that the guest may not know.
 */
export const toGuestError = (thrown: unknown): GuestError => {
  try {
    return describe(thrown)
  } catch {
    return unknown
  }
}
