import * as Cause from "effect/Cause"
import * as Logger from "effect/Logger"

/** The stack traces of a cause if `CAISSON_DEBUG=1` asks for them. */
export const traces = (cause: Cause.Cause<unknown>): string | undefined =>
  process.env["CAISSON_DEBUG"] === "1" ? Cause.pretty(cause) : undefined

const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

const write = ({ cause, message }: Logger.Options<unknown>): void => {
  const words = Array.isArray(message) ? message : [message]
  const why = cause.reasons.length === 0 ? [] : [traces(cause) ?? messageOf(cause)]
  process.stderr.write(`caisson: ${[...words, ...why].join(": ")}\n`)
}

/** Log lines go to standard error, and have no stack traces unless they were asked for. */
export const layer = Logger.layer([Logger.make(write)])
