/**
 * The handlers that a session has under way. Each call is a fiber of its own and lives as long as the session is held,
 * whoever waits for it, so that a caller who goes away does not make outcomes unknown.
 *
 * C1. A call of a tool that may have an effect is journaled as started before its handler is, and its answer as soon as there
 *     is one.
 * C2. A handler is only interrupted when its answer is no longer wanted, or when the session is let go.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as Queue from "effect/Queue"
import type { Toolkit } from "../tool/Toolkit.ts"
import type { JournalError } from "./journal/Journal.ts"
import type { Ledger } from "./Ledger.ts"
import type { OpenCall } from "./OpenCall.ts"
import * as Trace from "./Trace.ts"

export interface Calls {
  /** Starts the handlers of calls that may start and are not under way. */
  readonly start: (calls: ReadonlyArray<OpenCall>) => Effect.Effect<void, JournalError>
  /** Interrupts handlers whose answers nobody wants any more. */
  readonly cancel: (calls: ReadonlyArray<OpenCall>) => Effect.Effect<void>
  readonly underWay: () => number
  /** Something has happened that a driver should look at. Signals are merged, never lost. */
  readonly signals: Queue.Queue<void>
  readonly timing: { toolMillis: number }
}

export const make = Effect.fnUntraced(function* (ledger: Ledger, toolkit: Toolkit) {
  const handlers = yield* FiberMap.make<string, void>()
  const signals = yield* Queue.sliding<void>(1)
  const clock = yield* Clock.Clock
  const timing = { toolMillis: 0 }

  const signal = Effect.sync(() => Queue.offerUnsafe(signals, undefined))

  const handle = Effect.fnUntraced(function* (open: OpenCall, attempt: number) {
    const { call } = open
    const trace = yield* Trace.current
    const before = clock.currentTimeMillisUnsafe()
    const { outcome, receipt } = yield* toolkit.execute(
      call.method,
      open.input,
      {
        callId: call.id,
        idempotencyKey: `${ledger.claim.session}/${call.id}`,
        session: ledger.claim.session,
        run: ledger.state().current?.id ?? "",
        attempt,
        ...(trace === undefined ? {} : { traceparent: Trace.traceparent(trace) })
      },
      { resultBytes: ledger.state().limits.resultBytes }
    )
    timing.toolMillis += clock.currentTimeMillisUnsafe() - before
    ledger.record({ _tag: "CallAnswered", call: call.id, receipt, outcome })
    yield* signal
    if (trace !== undefined) yield* Effect.annotateCurrentSpan("caisson.receipt", receipt)
    if (call.readOnly) return
    // Whoever drives the session comes first: it gives the answer to the guest, and writes it meanwhile. If nobody does, or the
    // guest is busy, it is written here. A failed write kills the ledger, and a driver finds that out at its next one.
    yield* Effect.yieldNow
    yield* Effect.ignore(ledger.flush)
    yield* signal
  })

  const spanOf = ({ call }: OpenCall, attempt: number) => ({
    ...Trace.naming({ session: ledger.claim.session, run: ledger.state().current?.id ?? "" }),
    "caisson.call": call.id,
    "caisson.method": call.method,
    "caisson.attempt": attempt
  })

  const traced = (open: OpenCall, attempt: number) =>
    Trace.inSpan("caisson.tool", () => spanOf(open, attempt), handle(open, attempt))

  const calls: Calls = {
    start: Effect.fnUntraced(function* (startable) {
      const fresh = startable.filter(({ call }) => !FiberMap.hasUnsafe(handlers, call.id))
      const effectful = fresh.filter(({ call }) => !call.readOnly)
      if (effectful.length > 0) {
        ledger.record(...effectful.map(({ call }) => ({ _tag: "CallStarted" as const, call: call.id })))
        yield* ledger.flush
      }
      for (const open of fresh) yield* FiberMap.run(handlers, open.call.id, traced(open, open.attempts + 1))
    }),
    cancel: Effect.fnUntraced(function* (unwanted) {
      for (const { call, receipt } of unwanted) {
        yield* FiberMap.remove(handlers, call.id)
        if (receipt !== "started") continue
        const error = { name: "CancelledError", message: "the call was no longer wanted", reason: "Cancelled" }
        ledger.record({
          _tag: "CallAnswered",
          call: call.id,
          receipt: "unknown",
          outcome: { _tag: "Rejected", error }
        })
      }
    }),
    underWay: () => (handlers.state._tag === "Open" ? handlers.state.fibers.size : 0),
    signals,
    timing
  }
  return calls
})
