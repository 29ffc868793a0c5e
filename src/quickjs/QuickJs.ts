import { createSecretKey, type KeyObject } from "node:crypto"
import { availableParallelism } from "node:os"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Semaphore from "effect/Semaphore"
import type { Limits } from "../machine/Limits.ts"
import {
  MachineError,
  MachineLost,
  type MachineOptions,
  Machines,
  MachineUnavailable,
  type SnapshotMachine,
  SnapshotRejected
} from "../machine/Machine.ts"
import * as Meter from "../machine/Meter.ts"
import { queueWaiting } from "../machine/Metrics.ts"
import { bounded } from "../machine/TooLarge.ts"
import type { Turn } from "../machine/Turn.ts"
import { Pool, type PoolOptions } from "./Pool.ts"
import type { Operation, Result } from "./Protocol.ts"
import { type Gone, Seat } from "./Seat.ts"
import { RejectedSnapshot, seal, unseal } from "./Snapshot.ts"
import { engine } from "./Wasm.ts"

export interface Options {
  /** Signs and checks snapshots: 32 bytes or more, the same on every host that shares sessions. */
  readonly key: Uint8Array | Redacted.Redacted<Uint8Array>
  /** Worker threads. Default: one less than there are processors, at least one. */
  readonly threads?: number | undefined
  /** Machines that share one worker thread. Default: 256. */
  readonly machinesPerThread?: number | undefined
  /** Worker threads for quarantined machines, one machine each. Default: 2. */
  readonly quarantineThreads?: number | undefined
  /** Start a worker thread with the tier, and not only with its first machine. Default: false. */
  readonly warm?: boolean | undefined
  /** Machines that may wait for a place, shared and quarantined ones apart. Default: 1 024. */
  readonly waiting?: number | undefined
}

const keyBytesMin = 32

const entry = new URL(`./worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url)

const lost = (detail: string) => new MachineError({ reason: new MachineLost({ detail }) })
const rejected = (reason: SnapshotRejected["reason"], detail: string) =>
  new MachineError({ reason: new SnapshotRejected({ reason, detail }) })

const machineError = ({ detail, kind }: Gone) =>
  kind === "lost" ? lost(detail) : new MachineError({ reason: new MachineUnavailable({ detail }) })

/** Interrupting it gives the machine up and waits until its guest has stopped. */
const perform = <Kind extends Result["kind"]>(seat: Seat, operation: Operation, kind: Kind) =>
  Effect.callback<Extract<Result, { readonly kind: Kind }>, MachineError>((resume) => {
    seat.request(operation, (result) => resume(expected(result, kind)))
    return Effect.callback<void>((resume) => seat.interrupt(() => resume(Effect.void)))
  })

const expected = <Kind extends Result["kind"]>(
  result: Result | Gone,
  kind: Kind
): Effect.Effect<Extract<Result, { readonly kind: Kind }>, MachineError> => {
  if (isOf(result, kind)) return Effect.succeed(result)
  if (result.kind === "lost" || result.kind === "unavailable") return Effect.fail(machineError(result))
  if (result.kind === "rejected") return Effect.fail(rejected(result.reason, result.detail))
  return Effect.die(`the worker answered with ${result.kind}, ${kind} was due`)
}

const isOf = <Kind extends Result["kind"]>(
  result: Result | Gone,
  kind: Kind
): result is Extract<Result, { readonly kind: Kind }> => result.kind === kind

/** Counts one more that waits, until what it gives is called. */
const waiting = (meter: Meter.Meter) => {
  let left = 1
  meter.move(queueWaiting, left)
  return () => {
    meter.move(queueWaiting, -left)
    left = 0
  }
}

/** A place for a machine, given back when the scope closes. */
const seated = Effect.fnUntraced(function* (pool: Pool, { onOutput }: MachineOptions) {
  const meter = yield* Meter.current
  let taken: Seat | undefined
  yield* Effect.addFinalizer(() => Effect.sync(() => taken?.close()))
  return yield* Effect.callback<Seat, MachineError>((resume) => {
    const hasWaited = waiting(meter)
    const giveUp = pool.take(onOutput, (place) => {
      hasWaited()
      if (place instanceof Seat) taken = place
      resume(place instanceof Seat ? Effect.succeed(place) : Effect.fail(machineError(place)))
    })
    return Effect.sync(() => {
      hasWaited()
      giveUp()
    })
  })
})

const open = Effect.fnUntraced(function* (
  pool: Pool,
  key: KeyObject,
  options: MachineOptions,
  packed: Uint8Array<ArrayBuffer> | undefined
) {
  const { expected, limits, seed } = options
  const seat = yield* seated(pool, options)
  const booted = perform(seat, { kind: "boot", limits, seed, packed, expected }, "booted")
  yield* Effect.onError(booted, () => Effect.sync(() => seat.close()))

  const lock = Semaphore.makeUnsafe(1)
  /** The machine as it is, if it came along with its last turn. */
  let current: Uint8Array | undefined
  const turnOf = (result: Extract<Result, { readonly kind: "turn" }>): Turn => {
    current = result.packed
    return result.turn
  }
  const run = (operation: Operation) => lock.withPermit(Effect.map(perform(seat, operation, "turn"), turnOf))
  const pack = Effect.suspend(() =>
    current === undefined
      ? Effect.map(Effect.uninterruptible(perform(seat, { kind: "pack" }, "packed")), ({ packed }) => packed)
      : Effect.succeed(current)
  )
  const machine: SnapshotMachine = {
    start: (program) => run({ kind: "start", program }),
    answer: (answers, nowMillis) => {
      const bearable = answers.map((answer) => bounded(answer, limits.resultBytes))
      return run({ kind: "answer", answers: bearable, nowMillis })
    },
    snapshot: lock.withPermit(Effect.map(pack, (packed) => seal(packed, key)))
  }
  return machine
})

/** A guest's memory may be twice its heap; compressed, and with all that is said of it, it is no more than that. */
const unsealed = (snapshot: Uint8Array, key: KeyObject, { memoryMebibytes }: Limits) =>
  Effect.try({
    try: () => {
      const bytesMax = (2 * memoryMebibytes + 1) * 1_048_576
      if (snapshot.byteLength <= bytesMax) return new Uint8Array(unseal(snapshot, key))
      throw new RejectedSnapshot("TooLarge", `${snapshot.byteLength} bytes, ${bytesMax} are allowed`)
    },
    catch: (error) =>
      error instanceof RejectedSnapshot
        ? rejected(error.reason, error.detail)
        : rejected("Corrupted", `it cannot be read: ${error}`)
  })

const closing = (pool: Pool) => Effect.promise(() => pool.close())
const pool = (options: PoolOptions) =>
  Effect.acquireRelease(
    Effect.sync(() => new Pool(options)),
    closing
  )

/**
 * The embedded tier: QuickJS in WebAssembly, many machines to a worker thread.
 *
 * A guest that cannot be stopped otherwise is ended with its worker; its run fails with the reason `Unresponsive`, and the
 * other machines of that worker are lost. Closing the layer's scope ends every worker.
 */
export const layer = (options: Options): Layer.Layer<Machines> =>
  Layer.effect(
    Machines,
    Effect.gen(function* () {
      const bytes = Redacted.isRedacted(options.key) ? Redacted.value(options.key) : options.key
      if (bytes.byteLength < keyBytesMin)
        return yield* Effect.die(new RangeError(`a key of ${bytes.byteLength} bytes is too short`))
      const key = createSecretKey(bytes)
      const waiting = options.waiting ?? 1_024
      const shared = yield* pool({
        entry,
        threads: options.threads ?? Math.max(1, availableParallelism() - 1),
        machinesPerThread: options.machinesPerThread ?? 256,
        waiting
      })
      if (options.warm === true) shared.warm()
      const quarantine = yield* pool({
        entry,
        threads: options.quarantineThreads ?? 2,
        machinesPerThread: 1,
        waiting
      })
      const poolFor = ({ quarantine: isApart }: MachineOptions) => (isApart ? quarantine : shared)
      return Machines.of({
        engine,
        boot: (options) => open(poolFor(options), key, options, undefined),
        restore: (snapshot, options) =>
          Effect.flatMap(unsealed(snapshot, key, options.limits), (packed) =>
            open(poolFor(options), key, options, packed)
          )
      })
    })
  )
