import * as Result from "effect/Result"
import * as Pattern from "../capability/Pattern.ts"
import { guestGlobals } from "./GuestGlobals.ts"

/** A tool's name in its two spellings. */
export interface ToolName {
  /** Dotted, as the guest calls it. */
  readonly path: string
  /** Slash-separated, as capabilities and journals have it. */
  readonly method: Pattern.Method
  readonly segments: ReadonlyArray<string>
}

/** Why a name cannot be given to a tool. */
export interface NameRefused {
  readonly reason: "InvalidName" | "ReservedName"
  readonly detail: string
}

const lengthMax = 128
const segmentsMax = 8

const identifier = /^[A-Za-z_$][A-Za-z0-9_$]*$/

const reservedWords: ReadonlySet<string> = new Set([
  ...["arguments", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete"],
  ...["do", "else", "enum", "eval", "export", "extends", "false", "finally", "for", "function", "if", "implements"],
  ...["import", "in", "instanceof", "interface", "let", "new", "null", "package", "private", "protected", "public"],
  ...["return", "static", "super", "switch", "this", "throw", "true", "try", "typeof", "undefined", "var", "void"],
  ...["while", "with", "yield"]
])

/** What objects have already, or what makes an object something else for whoever awaits, prints or copies it. */
const dangerousNames: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...["prototype", "then", "toJSON"]
])

const refuse = (reason: NameRefused["reason"], detail: string) => Result.fail({ reason, detail })

const checkSegment = (segment: string): Result.Result<string, NameRefused> => {
  if (!identifier.test(segment)) {
    return refuse("InvalidName", `${JSON.stringify(segment)} is not an identifier of ASCII letters, digits, _ and $`)
  }
  if (dangerousNames.has(segment))
    return refuse("ReservedName", `${JSON.stringify(segment)} has a meaning on every object`)
  return Result.succeed(segment)
}

/**
 * Reads a tool's name, which is written with dots or with slashes: `stripe.charges.create` or `stripe/charges/create`.
 *
 * At most 128 characters and 8 segments; each has the form of an identifier and means nothing on objects, the first one is no
 * reserved word and none of the guest's globals. Names are case-sensitive.
 */
export const parse = (name: string): Result.Result<ToolName, NameRefused> => {
  if (name.length > lengthMax) return refuse("InvalidName", `a name has at most ${lengthMax} characters`)
  const segments = name.split(name.includes("/") ? "/" : ".")
  if (segments.length > segmentsMax) return refuse("InvalidName", `a name has at most ${segmentsMax} segments`)
  for (const segment of segments) {
    const checked = checkSegment(segment)
    if (Result.isFailure(checked)) return Result.fail(checked.failure)
  }
  const [root = ""] = segments
  if (reservedWords.has(root)) return refuse("ReservedName", `${JSON.stringify(root)} is a word of JavaScript`)
  if (guestGlobals.has(root)) return refuse("ReservedName", `${JSON.stringify(root)} is a global of every guest`)
  return Pattern.method(name).pipe(
    Result.map((method) => ({ path: segments.join("."), method, segments })),
    Result.mapError(({ detail }): NameRefused => ({ reason: "InvalidName", detail: `the name ${detail}` }))
  )
}
