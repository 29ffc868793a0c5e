import { createSecretKey, type KeyObject } from "node:crypto"
import { availableParallelism } from "node:os"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Semaphore from "effect/Semaphore"
import { FileError } from "../file/FileError.ts"
import type { Limits } from "../machine/Limits.ts"
import {
  MachineError,
  MachineLost,
  type MachineOptions,
  Machines,
  MachineUnavailable,
  type Snapshot,
  type SnapshotMachine,
  SnapshotRejected
} from "../machine/Machine.ts"
import * as Meter from "../machine/Meter.ts"
import { queueWaiting } from "../machine/Metrics.ts"
import * as Signature from "../machine/Signature.ts"
import { bounded } from "../machine/TooLarge.ts"
import type { Turn } from "../machine/Turn.ts"
import { Pool } from "./Pool.ts"
import type { Operation, Packed, Result } from "./Protocol.ts"
import { RejectedSnapshot } from "./RejectedSnapshot.ts"
import { type Gone, Seat } from "./Seat.ts"
import { unseal } from "./Snapshot.ts"
import { engine } from "./Wasm.ts"

/** How machines share worker threads. */
export interface Sharing {
  /** Worker threads. Default: one less than there are processors, at least one. */
  readonly threads?: number | undefined
  /** Machines that share one worker thread. Default: 256. */
  readonly machinesPerThread?: number | undefined
  /** Machines that may wait for a place, shared and quarantined ones apart. Default: 1 024. */
  readonly waiting?: number | undefined
  /** This process is the caller's own and ends soon: V8 is kept from optimising the engine. Default: false. */
  readonly livesShortly?: boolean | undefined
}

export interface Options extends Sharing {
  /** Signs and checks snapshots: 32 bytes or more, the same on every host that shares sessions. */
  readonly key: Uint8Array | Redacted.Redacted<Uint8Array>
  /** Worker threads for quarantined machines, one machine each. Default: 2. */
  readonly quarantineThreads?: number | undefined
  /** What `start` gave, instead of threads of its own. The tier ends it. */
  readonly started?: Pool | undefined
}

const waitingMax = 1_024

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
  packed: Omit<Packed, "names"> | undefined
) {
  const { expected, limits, seed } = options
  const seat = yield* seated(pool, options)
  const booted = perform(seat, { kind: "boot", limits, seed, packed, expected }, "booted")
  yield* Effect.onError(booted, () => Effect.sync(() => seat.close()))

  const lock = Semaphore.makeUnsafe(1)
  let contents: ReadonlyMap<string, Uint8Array> = packed?.added ?? new Map()
  /** The machine as it is, if it came along with its last turn. */
  let current: Snapshot | undefined
  const toSnapshot = ({ added, bytes, names }: Packed): Snapshot => {
    const named = names.map((name) => [name, added.get(name) ?? contents.get(name)] as const)
    contents = new Map(named.flatMap(([name, bytes]) => (bytes === undefined ? [] : [[name, bytes] as const])))
    return { bytes: Signature.seal(bytes, key), contents }
  }
  const turnOf = (result: Extract<Result, { readonly kind: "turn" }>): Turn => {
    current = result.packed === undefined ? undefined : toSnapshot(result.packed)
    return result.turn
  }
  const run = (operation: Operation) => lock.withPermit(Effect.map(perform(seat, operation, "turn"), turnOf))
  const pack = Effect.suspend(() =>
    current === undefined
      ? Effect.map(Effect.uninterruptible(perform(seat, { kind: "pack" }, "packed")), ({ packed }) =>
          toSnapshot(packed)
        )
      : Effect.succeed(current)
  )
  const files: SnapshotMachine["files"] = (operation, nowMillis) =>
    lock.withPermit(
      Effect.flatMap(
        Effect.uninterruptible(perform(seat, { kind: "files", operation, nowMillis }, "files")),
        ({ done }) => {
          if ("code" in done) return Effect.fail(new FileError(done))
          if (done.changes.length > 0) current = undefined
          return Effect.succeed(done)
        }
      )
    )
  const machine: SnapshotMachine = {
    start: (program, options) => run({ kind: "start", program, ...options }),
    answer: (answers, nowMillis, options) => {
      const bearable = answers.map((answer) => bounded(answer, limits.resultBytes))
      return run({ kind: "answer", answers: bearable, nowMillis, ...options })
    },
    files,
    snapshot: lock.withPermit(pack)
  }
  return machine
})

/** The memories of a guest's engines may be twice their heaps; compressed, and with all that is said of them, no more than that. */
const unsealed = ({ bytes, contents }: Snapshot, key: KeyObject, { memoryMebibytes }: Limits) =>
  Effect.try({
    try: () => {
      const bytesMax = (4 * memoryMebibytes + 64) * 1_048_576
      if (bytes.byteLength <= bytesMax) return { bytes: new Uint8Array(unseal(bytes, key)), added: contents }
      throw new RejectedSnapshot("TooLarge", `${bytes.byteLength} bytes, ${bytesMax} are allowed`)
    },
    catch: (error) =>
      error instanceof RejectedSnapshot
        ? rejected(error.reason, error.detail)
        : rejected("Corrupted", `it cannot be read: ${error}`)
  })

const poolOf = ({ livesShortly, machinesPerThread, threads, waiting }: Sharing): Pool =>
  new Pool({
    entry,
    livesShortly,
    threads: threads ?? Math.max(1, availableParallelism() - 1),
    machinesPerThread: machinesPerThread ?? 256,
    waiting: waiting ?? waitingMax
  })

/** Starts a worker thread for a tier that is still to be loaded or made: both take their time, and now they do so at once. */
export const start = (options: Sharing = {}): Pool => {
  const pool = poolOf(options)
  pool.warm()
  return pool
}

const held = (make: () => Pool) =>
  Effect.acquireRelease(Effect.sync(make), (pool) => Effect.promise(() => pool.close()))

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
      const shared = yield* held(() => options.started ?? poolOf(options))
      const quarantine = yield* held(() =>
        poolOf({ threads: options.quarantineThreads ?? 2, machinesPerThread: 1, waiting: options.waiting })
      )
      const poolFor = ({ quarantine: isApart }: MachineOptions) => (isApart ? quarantine : shared)
      return Machines.of({
        engine,
        languages: ["typescript", "javascript", "shell"],
        repeats: true,
        keepsRules: true,
        boot: (options) => open(poolFor(options), key, options, undefined),
        restore: (snapshot, options) =>
          Effect.flatMap(unsealed(snapshot, key, options.limits), (packed) =>
            open(poolFor(options), key, options, packed)
          )
      })
    })
  )
