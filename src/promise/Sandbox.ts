import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Output } from "../machine/Turn.ts"
import type { Sandbox as Held } from "../sandbox/Sandbox.ts"
import type { RunOptions as SessionOptions } from "../session/RunOptions.ts"
import type * as SessionResult from "../session/RunResult.ts"
import type * as HeldSession from "../session/Session.ts"
import { type Answer, toAnswer } from "./Answer.ts"
import * as Files from "./Files.ts"
import type { Lease, SignalOptions } from "./Lease.ts"
import { fromSession, type RunResult } from "./RunResult.ts"

export interface WaitOptions extends SignalOptions {
  /**
   * How long to wait for the run's sleeps before giving it back as paused: milliseconds, or a text like `5 seconds`.
   * Default one minute.
   */
  readonly patience?: Duration.Input | undefined
  /** How long to wait for what others decide on calls that ask: see `Caisson.approvals`. Default not at all. */
  readonly answerPatience?: Duration.Input | undefined
}

export interface RunOptions extends WaitOptions {
  /** Makes `run` idempotent: the same id and code give the same result and run once. Default `r<ordinal>`. */
  readonly runId?: string | undefined
  /** A token for this run alone, which narrows what its calls may do. */
  readonly token?: string | undefined
  /** A W3C `traceparent` header: the run becomes a child of that span. */
  readonly traceparent?: string | undefined
  /** Default `typescript`, which takes plain JavaScript as well. The value of a run of `shell` is `{ exitCode }`. */
  readonly language?: SessionOptions["language"]
}

/**
 * A guest for as long as it is held: its variables live from one run to the next and are forgotten with it.
 *
 * Aborting the `signal` of an operation only stops the waiting: what was recorded stays. `cancel` ends a run.
 */
export interface Sandbox extends AsyncDisposable {
  /** Runs code until it ends or nothing can go on without a person, the host or a long sleep. */
  readonly run: (code: string, options?: RunOptions) => Promise<RunResult>
  /** Answers a call that waits for a decision, and goes on. Answering it again changes nothing. */
  readonly answer: (call: string, answer: Answer, options?: WaitOptions) => Promise<RunResult>
  /** Ends the run in progress. Its variables go back; its effects on the outside stay. */
  readonly cancel: (reason?: string, options?: SignalOptions) => Promise<void>
  /** Its files, which JavaScript and shell have in common. */
  readonly files: Files.Files
  /** Console output as it comes, from now on. */
  readonly output: (options?: SignalOptions) => AsyncIterable<Output>
  /** Lets it go, as `await using` does: what runs is stopped, and nothing can be done with it any more. */
  readonly release: () => Promise<void>
}

/** Waits for an operation and reads its result. */
export const resultOf = (
  lease: Lease,
  operation: Effect.Effect<SessionResult.RunResult, HeldSession.Failure>,
  options: SignalOptions | undefined
): Promise<RunResult> => lease.run(Effect.map(operation, fromSession), options)

export const make = (lease: Lease, held: Held): Sandbox => {
  const release = () => lease.release()
  return {
    run: (code, options) => resultOf(lease, held.run(code, options), options),
    answer: (call, answer, options) =>
      resultOf(
        lease,
        Effect.flatMap(toAnswer(answer), (said) => held.answer(call, said, options)),
        options
      ),
    cancel: (reason, options) => lease.run(held.cancel(reason), options),
    files: Files.make(lease, held),
    output: (options) => lease.iterate(held.output, options),
    release,
    [Symbol.asyncDispose]: release
  }
}
