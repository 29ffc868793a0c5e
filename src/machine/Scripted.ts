import { crc32 } from "node:zlib"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { apply } from "../file/Apply.ts"
import { FileError } from "../file/FileError.ts"
import type { FileOperation } from "../file/FileOperation.ts"
import { FileTree } from "../file/FileTree.ts"
import * as TreeCodec from "../file/TreeCodec.ts"
import type { GuestError } from "../tool/GuestError.ts"
import type { Limits } from "./Limits.ts"
import {
  type FilesDone,
  MachineError,
  MachineLost,
  type MachineOptions,
  Machines,
  MachineUnavailable,
  type Program,
  type Snapshot,
  type SnapshotMachine,
  SnapshotRejected
} from "./Machine.ts"
import type { GuestScript } from "./Script.ts"
import { type Heap, ScriptRun } from "./ScriptRun.ts"
import { bounded, tooLarge } from "./TooLarge.ts"
import { Answer, type Output, type Turn } from "./Turn.ts"

const engine = "scripted@1"

/** Everything a scripted machine is: its heap before the current run, and what that run was given. */
const Recording = Schema.Struct({
  engine: Schema.String,
  random: Schema.Int,
  variables: Schema.Array(Schema.Tuple([Schema.String, Schema.String])),
  /** The file tree as base64: see `file/TreeCodec`. */
  files: Schema.optionalKey(Schema.String),
  run: Schema.NullOr(
    Schema.Struct({
      program: Schema.Struct({ ordinal: Schema.Int, source: Schema.String, nowMillis: Schema.Number }),
      deliveries: Schema.Array(Schema.Struct({ answer: Answer, nowMillis: Schema.Number }))
    })
  )
})
type Recording = typeof Recording.Type

const magic = "SCRP"
const RecordingText = Schema.fromJsonString(Schema.toCodecJson(Recording))
const encodeRecording = Schema.encodeSync(RecordingText)
const decodeRecording = Schema.decodeEffect(RecordingText)

const checksum = (text: string) => crc32(text).toString(16).padStart(8, "0")

const encode = (recording: Recording): Uint8Array => {
  const text = encodeRecording(recording)
  return Buffer.from(`${magic}${checksum(text)}${text}`)
}

const rejected = (reason: SnapshotRejected["reason"], detail: string) =>
  new MachineError({ reason: new SnapshotRejected({ reason, detail }) })

const filesOf = (text: string | undefined, contents: Snapshot["contents"], { fileBytes, fileEntries }: Limits) => {
  const quota = { bytes: fileBytes, entries: fileEntries }
  if (text === undefined) return Effect.succeed(new FileTree({ quota }))
  return Effect.fromResult(TreeCodec.decode(Buffer.from(text, "base64"), contents, quota)).pipe(
    Effect.mapError((error) => rejected("Corrupted", error.message))
  )
}

const decode = Effect.fnUntraced(function* (bytes: Uint8Array) {
  const text = Buffer.from(bytes).toString()
  if (!text.startsWith(magic)) return yield* rejected("NotASnapshot", `the bytes do not begin with ${magic}`)
  const body = text.slice(magic.length + 8)
  if (checksum(body) !== text.slice(magic.length, magic.length + 8))
    return yield* rejected("Corrupted", "the checksum does not match")
  const recording = yield* decodeRecording(body).pipe(
    Effect.mapError((error) => rejected("UnknownVersion", error.message))
  )
  if (recording.engine !== engine) return yield* rejected("UnknownEngine", `${recording.engine}, this is ${engine}`)
  return recording
})

const lost = (detail: string) => new MachineError({ reason: new MachineLost({ detail }) })

const failure = (error: GuestError): Turn => ({
  _tag: "Failed",
  error,
  fatal: false,
  cancelled: [],
  output: [],
  usage: { cpuMillis: 0, memoryBytes: 0 }
})

interface Invocation {
  readonly script: GuestScript
  readonly argument: unknown
}

/** Reads a source: `name` or `name:{json}`. Anything else is the failure of its run. */
const invocation = (programs: Readonly<Record<string, GuestScript>>, source: string): Invocation | Turn => {
  const [, name = "", argument] = /^([^:]*)(?::(.*))?$/s.exec(source) ?? []
  const script = Object.hasOwn(programs, name) ? programs[name] : undefined
  if (script === undefined) return failure({ name: "ReferenceError", message: `no script is named "${name}"` })
  try {
    return { script, argument: argument === undefined ? undefined : JSON.parse(argument) }
  } catch {
    return failure({ name: "SyntaxError", message: `the argument of "${name}" is not JSON` })
  }
}

/**
 * A machine whose guests are generators. A snapshot is the record of what its current run was given; restoring runs the
 * script again with that record, which a deterministic script cannot tell from having waited.
 */
class ScriptedGuest {
  readonly #programs: Readonly<Record<string, GuestScript>>
  readonly #limits: Limits
  readonly #emit: (output: Output) => void
  readonly #heap: Heap
  readonly #files: FileTree
  #recording: Recording
  #run: ScriptRun | undefined
  #replaying = false

  constructor(
    programs: Readonly<Record<string, GuestScript>>,
    recording: Recording,
    files: FileTree,
    options: MachineOptions
  ) {
    this.#programs = programs
    this.#files = files
    this.#limits = options.limits
    this.#emit = (output) => {
      if (!this.#replaying) options.onOutput?.(output)
    }
    this.#recording = { ...recording, run: null }
    this.#heap = { random: recording.random, variables: new Map(recording.variables) }
    if (recording.run !== null) this.#replay(recording.run)
  }

  /** Whether its run burns CPU time for ever. */
  get spins(): boolean {
    return this.#run?.spins ?? false
  }

  get snapshot(): Snapshot {
    const { bytes, contents } = TreeCodec.encode(this.#files)
    return { bytes: encode({ ...this.#recording, files: Buffer.from(bytes).toString("base64") }), contents }
  }

  perform(operation: FileOperation, nowMillis: number): Result.Result<FilesDone, FileError> {
    const result = apply(this.#files, operation, nowMillis)
    const done = Result.map(result, (result) => ({ result, changes: this.#files.takeChanges().changes }))
    return Result.mapError(done, FileError.of)
  }

  /** A run that still waits is given up first. */
  start({ ordinal, source, nowMillis }: Pick<Program, "ordinal" | "source" | "nowMillis">): Turn {
    const bytes = Buffer.byteLength(source)
    if (bytes > this.#limits.sourceBytes) return failure(tooLarge("source", bytes, this.#limits.sourceBytes))
    const invoked = invocation(this.#programs, source)
    if (!("script" in invoked)) return invoked
    const abandoned = this.#run?.abandon() ?? []
    this.#record({ program: { ordinal, source, nowMillis }, deliveries: [] })
    this.#run = new ScriptRun({ ordinal, nowMillis, heap: this.#heap, onOutput: this.#emit })
    this.#run.begin(invoked.script, invoked.argument)
    const turn = this.#turn(this.#run)
    return { ...turn, cancelled: [...abandoned, ...turn.cancelled] }
  }

  answer(answers: ReadonlyArray<Answer>, nowMillis: number): Turn {
    const record = this.#recording.run
    if (this.#run === undefined || record === null) {
      return failure({ name: "Error", message: "no run waits for answers", reason: "NoRun" })
    }
    const deliveries = answers.map((answer) => ({ answer: bounded(answer, this.#limits.resultBytes), nowMillis }))
    this.#recording = { ...this.#recording, run: { ...record, deliveries: [...record.deliveries, ...deliveries] } }
    for (const { answer } of deliveries) this.#run.deliver(answer, nowMillis)
    return this.#turn(this.#run)
  }

  /** Takes the heap down as it is before a run, or between runs. */
  #record(run: Recording["run"]): void {
    const { random, variables } = this.#heap
    this.#recording = { engine, random, variables: [...variables], run }
  }

  #turn(run: ScriptRun): Turn {
    const turn = run.turn()
    if (turn._tag === "Parked" || (turn._tag === "Failed" && turn.fatal)) return turn
    this.#run = undefined
    this.#record(null)
    return turn
  }

  #replay(run: NonNullable<Recording["run"]>): void {
    this.#replaying = true
    this.start(run.program)
    for (const { answer, nowMillis } of run.deliveries) this.answer([answer], nowMillis)
    this.#replaying = false
  }
}

const open = Effect.fnUntraced(function* (guest: ScriptedGuest, limits: MachineOptions["limits"]) {
  const ended = yield* Deferred.make<never, MachineError>()
  const end = (detail: string) => Deferred.fail(ended, lost(detail))
  yield* Effect.addFinalizer(() => end("its scope was closed"))

  const alive = Effect.flatMap(Deferred.poll(ended), (end) => (Option.isSome(end) ? end.value : Effect.void))
  const lock = Semaphore.makeUnsafe(1)
  const operation = <A>(body: Effect.Effect<A, MachineError>) => lock.withPermit(Effect.andThen(alive, body))

  const run = (body: () => Turn) =>
    operation(
      Effect.gen(function* () {
        const turn = body()
        if (guest.spins) yield* Effect.raceFirst(Effect.sleep(limits.cpuSliceMillis), Deferred.await(ended))
        if (turn._tag === "Failed" && turn.fatal) yield* end("a fatal turn ended it")
        return turn
      }).pipe(Effect.onInterrupt(() => end("an operation was interrupted")))
    )
  const machine: SnapshotMachine = {
    start: (program) => run(() => guest.start(program)),
    answer: (answers, nowMillis) => run(() => guest.answer(answers, nowMillis)),
    files: (asked, nowMillis) =>
      lock.withPermit(
        Effect.andThen(
          alive,
          Effect.suspend(() => Effect.fromResult(guest.perform(asked, nowMillis)))
        )
      ),
    snapshot: operation(Effect.sync(() => guest.snapshot))
  }
  return machine
})

export interface ScriptedOptions {
  /** Whether sessions may rely on machines to do the same again. Default true; they do, either way. */
  readonly repeats?: boolean | undefined
  /** Whether sessions may rely on machines to keep rules. Default true: scripts have neither commands nor files. */
  readonly keepsRules?: boolean | undefined
}

/**
 * A tier without an engine, for tests and simulations: a run's source names one of the given scripts, as `transfer` or
 * `transfer:{"amount":1}`. Deterministic, immediate, and as strict as the others about turns, ids and lost machines.
 */
export const layer = (
  programs: Readonly<Record<string, GuestScript>>,
  { keepsRules = true, repeats = true }: ScriptedOptions = {}
): Layer.Layer<Machines> =>
  Layer.effect(
    Machines,
    Effect.gen(function* () {
      let closed = false
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          closed = true
        })
      )
      const available = Effect.suspend(() =>
        closed
          ? Effect.fail(new MachineError({ reason: new MachineUnavailable({ detail: "the tier is closed" }) }))
          : Effect.void
      )
      const boot = Effect.fnUntraced(function* (options: MachineOptions) {
        yield* available
        const fresh: Recording = { engine, random: crc32(options.seed) | 0, variables: [], run: null }
        const files = yield* filesOf(undefined, new Map(), options.limits)
        return yield* open(new ScriptedGuest(programs, fresh, files, options), options.limits)
      })
      const restore = Effect.fnUntraced(function* ({ bytes, contents }: Snapshot, options: MachineOptions) {
        yield* available
        const recording = yield* decode(bytes)
        const source = recording.run?.program.source
        if (source !== undefined && !("script" in invocation(programs, source)))
          return yield* rejected("UnknownBase", `it was made with other scripts: ${source}`)
        const files = yield* filesOf(recording.files, contents, options.limits)
        return yield* open(new ScriptedGuest(programs, recording, files, options), options.limits)
      })
      return Machines.of({
        engine,
        languages: ["typescript", "javascript", "shell"],
        repeats,
        keepsRules,
        boot,
        restore
      })
    })
  )
