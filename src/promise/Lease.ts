/**
 * What async code holds for a while: a scope, what runs in it, and its end.
 *
 * P1. A promise is rejected with the error itself, with the reason of its signal, or with `ReleasedError`.
 * P2. When a release is over, nothing that was started through the lease runs any more.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Home } from "../home/Home.ts"
import type { HomeError } from "../home/HomeError.ts"
import { ReleasedError } from "./ReleasedError.ts"

export type Runtime = ManagedRuntime.ManagedRuntime<Home, HomeError>

/** How a caller stops waiting: the promise is rejected with the reason of the signal. */
export interface SignalOptions {
  readonly signal?: AbortSignal | undefined
}

const aborted = (signal: AbortSignal): Effect.Effect<never, unknown> =>
  Effect.callback((resume) => {
    const abort = () => resume(Effect.fail(signal.reason))
    if (signal.aborted) return abort()
    signal.addEventListener("abort", abort, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", abort))
  })

export class Lease {
  readonly #runtime: Runtime
  readonly #what: string
  readonly #scope = Scope.makeUnsafe()
  readonly #released = Deferred.makeUnsafe<never, ReleasedError>()
  readonly #running = new Set<Promise<unknown>>()
  readonly #onReleased: () => void
  #ending: Promise<void> | undefined

  /** `what` is how errors name it. */
  constructor(runtime: Runtime, what: string, onReleased: () => void) {
    this.#runtime = runtime
    this.#what = what
    this.#onReleased = onReleased
  }

  /** Runs an effect; what it acquires stays until the release. */
  async run<A, E>(effect: Effect.Effect<A, E, Home | Scope.Scope>, { signal }: SignalOptions = {}): Promise<A> {
    signal?.throwIfAborted()
    if (this.#ending !== undefined) throw this.#error()
    const held = Effect.raceFirst(Scope.provide(effect, this.#scope), Deferred.await(this.#released))
    const exit = await this.#track(this.#runtime.runPromiseExit(held, { signal }))
    if (Exit.isSuccess(exit)) return exit.value
    const failure = Cause.findError(exit.cause)
    if (Result.isSuccess(failure)) throw failure.success
    if (!Cause.hasInterruptsOnly(exit.cause)) throw Cause.squash(exit.cause)
    throw signal?.aborted === true ? signal.reason : this.#error()
  }

  /** What a stream gives, until it ends, the loop is left, or the release; `andThen` may add to what was given by then. */
  iterate<A, E>(
    stream: Stream.Stream<A, E>,
    options?: SignalOptions,
    andThen: (stream: Stream.Stream<A, E>) => Stream.Stream<A, E> = identity
  ): AsyncIterable<A> {
    return this.#iterable(andThen(Stream.interruptWhen(stream, Effect.ignore(Deferred.await(this.#released)))), options)
  }

  /** The same of a stream of which a part is worth nothing: a release rejects, so that it does not look like its end. */
  whole<A, E>(stream: Stream.Stream<A, E>, options?: SignalOptions): AsyncIterable<A> {
    return this.#iterable(Stream.interruptWhen(stream, Deferred.await(this.#released)), options)
  }

  #iterable<A, E>(stream: Stream.Stream<A, E>, { signal }: SignalOptions = {}): AsyncIterable<A> {
    const iterable = Stream.toAsyncIterable(
      signal === undefined ? stream : Stream.interruptWhen(stream, aborted(signal))
    )
    return {
      [Symbol.asyncIterator]: () => {
        const iterator = iterable[Symbol.asyncIterator]()
        return { ...iterator, next: () => this.#track(iterator.next()) }
      }
    }
  }

  /** Ends what runs and closes the scope. Asking again waits for the same end. */
  release(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    Deferred.doneUnsafe(this.#released, Exit.fail(this.#error()))
    await Effect.runPromise(Scope.close(this.#scope, Exit.void))
    await Promise.allSettled(this.#running)
    this.#onReleased()
  }

  #track<A>(promise: Promise<A>): Promise<A> {
    this.#running.add(promise)
    return promise.finally(() => this.#running.delete(promise))
  }

  #error(): ReleasedError {
    return new ReleasedError({ what: this.#what })
  }
}
