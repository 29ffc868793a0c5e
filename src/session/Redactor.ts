import type { Display, Output } from "../machine/Turn.ts"
import type { Policy } from "../policy/Policy.ts"
import * as Redaction from "../policy/secret/Redaction.ts"
import type { GuestError } from "../tool/GuestError.ts"

/**
 * Takes the secrets that a policy names out of what a guest prints, shows and throws, turn by turn: neither listeners nor the
 * journal get them.
 */
export interface Redactor {
  /** A turn begins, under the policy in force. */
  readonly begin: (policy: Policy | undefined) => void
  /** What of a piece can be shown already: what may be the beginning of a secret is held back. */
  readonly show: (output: Output) => ReadonlyArray<Output>
  /** The turn is over: what was held back, and what all of its output comes to. */
  readonly end: (output: ReadonlyArray<Output>) => {
    readonly rest: ReadonlyArray<Output>
    readonly whole: ReadonlyArray<Output>
  }
  /** What is shown in the turn. Of what lies in files, nothing is looked at. */
  readonly cover: (display: Display) => Display
  /** What ended the turn's run. */
  readonly thrown: (error: GuestError) => GuestError
}

type Held = Readonly<Record<Output["stream"], Redaction.Held>>

const nothing: Held = { stdout: Redaction.nothing, stderr: Redaction.nothing }
const streams = ["stdout", "stderr"] as const

const printed = (stream: Output["stream"], text: string): ReadonlyArray<Output> =>
  text === "" ? [] : [{ stream, text }]

const finish = (rules: Redaction.Output, held: Held): ReadonlyArray<Output> =>
  streams.flatMap((stream) => printed(stream, Redaction.finish(rules, held[stream])))

const redact = (rules: Redaction.Output, output: ReadonlyArray<Output>): ReadonlyArray<Output> => {
  let held = nothing
  const settled = output.flatMap(({ stream, text }) => {
    const piece = Redaction.push(rules, held[stream], text)
    held = { ...held, [stream]: piece.held }
    return printed(stream, piece.text)
  })
  return [...settled, ...finish(rules, held)]
}

const textOf = (rules: Redaction.Output, text: string): string => {
  const { held, text: settled } = Redaction.push(rules, Redaction.nothing, text)
  return settled + Redaction.finish(rules, held)
}

export const make = (): Redactor => {
  let rules: Redaction.Output | undefined
  let held = nothing
  return {
    begin: (policy) => {
      rules = policy === undefined || policy.output.redact.length === 0 ? undefined : policy.output
      held = nothing
    },
    show: (output) => {
      if (rules === undefined) return [output]
      const { stream } = output
      const piece = Redaction.push(rules, held[stream], output.text)
      held = { ...held, [stream]: piece.held }
      return printed(stream, piece.text)
    },
    end: (output) => {
      if (rules === undefined) return { rest: [], whole: output }
      const rest = finish(rules, held)
      held = nothing
      return { rest, whole: redact(rules, output) }
    },
    cover: (display) =>
      rules === undefined || display.text === undefined ? display : { ...display, text: textOf(rules, display.text) },
    thrown: (error) => {
      if (rules === undefined) return error
      const { message, name, stack } = error
      const told = { name: Redaction.redact(rules, name), message: Redaction.redact(rules, message) }
      return { ...error, ...told, ...(stack === undefined ? {} : { stack: Redaction.redact(rules, stack) }) }
    }
  }
}
