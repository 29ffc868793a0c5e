import type * as Arr from "effect/Array"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Language } from "../capability/Language.ts"
import type { FileError } from "../file/FileError.ts"
import type { FileOperation, FileResult } from "../file/FileOperation.ts"
import type { MachineRules } from "../policy/machine/MachineRules.ts"
import type { ToolInfo } from "../tool/ToolInfo.ts"
import type { Limits } from "./Limits.ts"
import type { Answer, FileChange, Output, Turn } from "./Turn.ts"

/** One piece of code for a machine to run. */
export interface Program {
  /** The run's position in its session, from 1. Call ids begin with it. */
  readonly ordinal: number
  readonly language: Language
  readonly source: string
  /** The virtual clock at the start; it stands still until the next answer. */
  readonly nowMillis: number
  /** What the guest may know of. */
  readonly tools: ReadonlyArray<ToolInfo>
  /** First segments of the names of all tools: a call by one of these is put to the host, be the tool known or not. Default none. */
  readonly namespaces?: ReadonlyArray<string> | undefined
  /** What the guest may do by itself, for as long as the run lasts; absent, everything. */
  readonly rules?: MachineRules | undefined
}

export interface TurnOptions {
  /** The same turn was made before, by a machine that is no more. Default false. */
  readonly isAgain?: boolean | undefined
}

/** The machine is gone through no fault of its guest (its worker ended with a neighbour, or the host closed it). */
export class MachineLost extends Schema.TaggedError<MachineLost>()("MachineLost", { detail: Schema.String }) {
  override get message() {
    return `the machine is gone: ${this.detail}`
  }
}

/** The bytes cannot become a machine here. Nothing was run. */
export class SnapshotRejected extends Schema.TaggedError<SnapshotRejected>()("SnapshotRejected", {
  reason: Schema.Literals([
    "NotASnapshot",
    "UnknownVersion",
    "UnknownEngine",
    "UnknownBase",
    "WrongSignature",
    "Corrupted",
    "TooLarge"
  ]),
  detail: Schema.String
}) {
  override get message() {
    return `snapshot rejected (${this.reason}): ${this.detail}`
  }
}

/** What a guest has changed of its files and memory does not fit a snapshot. The machine is ended then. */
export class SnapshotTooLarge extends Schema.TaggedError<SnapshotTooLarge>()("SnapshotTooLarge", {
  /** That are allowed, compressed. */
  bytesMax: Schema.Int
}) {
  override get message() {
    const allowed = `${Math.floor(this.bytesMax / 1_048_576)} MiB`
    return `the guest's files and memory do not fit a snapshot: ${allowed} are allowed of what it has changed, compressed; remove files before the run ends, or keep less in memory`
  }
}

/** Programs of a guest wanted more processes than they may have: the guest is stopped, and the machine ended. */
export class ProcessLimit extends Schema.TaggedError<ProcessLimit>()("ProcessLimit", {
  /** That are allowed at the same time, threads among them. */
  processes: Schema.Int
}) {
  override get message() {
    return `programs wanted more than ${this.processes} processes and threads at the same time: let them end what they start, or raise limits.processes of the template; if an earlier run has left them, rewind the session to before it`
  }
}

/** No tier of this process has such a template. */
export class UnknownTemplate extends Schema.TaggedError<UnknownTemplate>()("UnknownTemplate", {
  template: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `${this.template} is unknown; there is: ${this.known.join(", ")}`
  }
}

/** No machine can be had: the tier is closed, or could not be started on this host. */
export class MachineUnavailable extends Schema.TaggedError<MachineUnavailable>()("MachineUnavailable", {
  detail: Schema.String
}) {
  override get message() {
    return `no machine available: ${this.detail}`
  }
}

export class MachineError extends Schema.TaggedError<MachineError>()("MachineError", {
  reason: Schema.Union([
    MachineLost,
    SnapshotRejected,
    SnapshotTooLarge,
    ProcessLimit,
    MachineUnavailable,
    UnknownTemplate
  ])
}) {
  override get message() {
    return this.reason.message
  }
}

/**
 * One booted, isolated guest. It owns the guest's heap and nothing else: what was decided, answered or paid for is the
 * session's to remember.
 *
 * M1. Operations of one machine never overlap; a caller that overlaps them waits its turn.
 * M2. `answer` gives its answers one by one, in order, and lets the guest run until it is idle after each of them, so that
 *     the guest's state depends on the order of answers alone. Unknown and already answered ids are ignored.
 * M3. The same state, program, answers and clock give the same turns, where the tier says so.
 * M4. Interrupting `start` or `answer` stops the guest; the machine is then lost, as after a fatal turn.
 * M5. A turn that is made again counts half of its CPU time: it kept within its limits once, and no host is as fast twice.
 */
export interface Machine {
  readonly start: (program: Program, options?: TurnOptions) => Effect.Effect<Turn, MachineError>
  readonly answer: (
    answers: ReadonlyArray<Answer>,
    nowMillis: number,
    options?: TurnOptions
  ) => Effect.Effect<Turn, MachineError>
  /** Reads or changes the guest's files between two turns, as the host, who may write anywhere. */
  readonly files: (operation: FileOperation, nowMillis: number) => Effect.Effect<FilesDone, FileError | MachineError>
}

/** What came of an operation on files. */
export interface FilesDone {
  readonly result: FileResult
  readonly changes: ReadonlyArray<FileChange>
}

/** A machine that was written down. */
export interface Snapshot {
  readonly bytes: Uint8Array
  /** What `bytes` only names: larger contents of files, by their SHA-256 in hexadecimal. They are the same for ever. */
  readonly contents: ReadonlyMap<string, Uint8Array>
}

/** A machine that can be written down between two turns. */
export interface SnapshotMachine extends Machine {
  readonly snapshot: Effect.Effect<Snapshot, MachineError>
}

/** The turns that a session will want a snapshot of: those that end a run, and those that make a call of one of these paths. */
export interface Expected {
  readonly ends: boolean
  readonly calls: ReadonlyArray<string>
}

export interface MachineOptions {
  readonly limits: Limits
  /** Seeds the guest's randomness at boot; a restored machine goes on with the sequence that it had. */
  readonly seed: string
  /** Called with console output as it comes; the same text is also in the turn. */
  readonly onOutput?: ((output: Output) => void) | undefined
  /** Keep this guest away from others: it once made its machine unresponsive. */
  readonly quarantine?: boolean | undefined
  /** It will not be asked for snapshots. */
  readonly isEphemeral?: boolean | undefined
  /** A hint, with which a tier may make a snapshot together with its turn. */
  readonly expected?: Expected | undefined
}

/** How many machines of a kind fit into a process. */
export interface Room {
  /** Machines with the same name share their room. */
  readonly name: string
  readonly size: number
  /** What one machine takes of it. */
  readonly perMachine: number
}

/** A tier, or one template of it: where machines come from. A machine lives until its scope is closed. */
export class Machines extends Context.Service<
  Machines,
  {
    /** Names what a snapshot of this tier can be restored by, such as `quickjs-wasi@3.6.2`. */
    readonly engine: string
    /** The first one is meant if none is named. */
    readonly languages: Arr.NonEmptyReadonlyArray<Language>
    /** Whether M3 holds: what a machine did since its last snapshot can be had again by doing it again. */
    readonly repeats: boolean
    /** Whether its machines keep the rules of a program. Those that do not are given only programs that cannot break any. */
    readonly keepsRules: boolean
    /** Where machines are few; sessions say how many there are otherwise. */
    readonly room?: Room | undefined
    /** What sessions may use unless they say otherwise. A memory that is stated here is what machines have. */
    readonly limits?: Partial<Limits> | undefined
    /** How long a session may last. Default for ever. */
    readonly totalMillis?: number | undefined
    /** How long a machine may have nothing to do before it is written down and ended. Default for ever. */
    readonly idleMillis?: number | undefined
    readonly boot: (options: MachineOptions) => Effect.Effect<SnapshotMachine, MachineError, Scope.Scope>
    readonly restore: (
      snapshot: Snapshot,
      options: MachineOptions
    ) => Effect.Effect<SnapshotMachine, MachineError, Scope.Scope>
  }
>()("caisson/machine/Machine/Machines") {}
