/** How a run is asked for, and what is checked before anything of it is recorded. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Language } from "../capability/Language.ts"
import type { Machines } from "../machine/Machine.ts"
import { InvalidOptions, SessionError } from "./SessionError.ts"
import * as Trace from "./Trace.ts"

export interface WaitOptions {
  /** How long to wait for the run's sleeps, all in all, before giving it back as paused. Default one minute. */
  readonly patience?: Duration.Input | undefined
  /** How long to wait for decisions that others record, before giving the run back as paused. Default not at all. */
  readonly answerPatience?: Duration.Input | undefined
}

/** How long a run is waited for, in milliseconds. */
export interface Patience {
  readonly sleepMillis: number
  readonly answerMillis: number
}

export interface RunOptions extends WaitOptions {
  /** Makes `run` idempotent: the same id and code give the same result and run once. Default `r<ordinal>`. */
  readonly runId?: string | undefined
  /** A token for this run alone. It is verified before anything else is done, and narrows what the run's calls may do. */
  readonly token?: string | undefined
  /** A W3C `traceparent` header: the run becomes a child of that span. Default a child of the span that is in force. */
  readonly traceparent?: string | undefined
  /** Default the first of its template; of `javascript` that is `typescript`, which takes plain JavaScript as well. */
  readonly language?: Language | undefined
}

/** Session and run ids: they appear in file names, links and commands. */
export const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
export const idRule = "1 to 128 letters, digits, '.', '_' or '-', beginning with a letter or a digit"

export const invalid = (option: string, detail: string) =>
  new SessionError({ reason: new InvalidOptions({ option, detail }) })

/** Milliseconds of a duration that somebody else gave. */
export const millis = (option: string, input: unknown): Effect.Effect<number, SessionError> => {
  const duration = Duration.fromInput(input as Duration.Input)
  const value = Option.isSome(duration) ? Duration.toMillis(duration.value) : Number.NaN
  return value >= 0
    ? Effect.succeed(value)
    : Effect.fail(invalid(option, 'a duration, such as "5 seconds", or a number of milliseconds'))
}

/** How long to wait, with everything filled in. */
export const patience = (options: WaitOptions | undefined): Effect.Effect<Patience, SessionError> =>
  Effect.all({
    sleepMillis: millis("patience", options?.patience ?? "1 minute"),
    answerMillis: millis("answerPatience", options?.answerPatience ?? 0)
  })

const traceOf = (traceparent: unknown): Effect.Effect<Trace.Trace | undefined, SessionError> => {
  if (traceparent === undefined) return Effect.succeed(undefined)
  return Option.match(typeof traceparent === "string" ? Trace.parse(traceparent) : Option.none(), {
    onNone: () =>
      Effect.fail(invalid("traceparent", "a W3C header: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>")),
    onSome: Effect.succeed
  })
}

/** The options of a run in a machine of these languages, with everything filled in that does not depend on the session. */
export const check = Effect.fnUntraced(function* (
  source: unknown,
  options: RunOptions | undefined,
  languages: Machines["Service"]["languages"]
) {
  const { language = languages[0], runId, token, traceparent } = options ?? {}
  if (typeof source !== "string") return yield* invalid("code", "a text")
  if (!languages.includes(language)) return yield* invalid("language", `one of ${languages.join(", ")}`)
  if (runId !== undefined && !(typeof runId === "string" && idPattern.test(runId))) {
    return yield* invalid("runId", idRule)
  }
  if (token !== undefined && typeof token !== "string") return yield* invalid("token", "the text of a token")
  return { source, language, runId, trace: yield* traceOf(traceparent), patience: yield* patience(options) }
})
