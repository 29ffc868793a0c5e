import * as Schema from "effect/Schema"
import { Count, instant, ProcessId, Signal, Size, Text } from "./Fields.ts"

const Mode = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0o7777 }))

const positive = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 1, maximum }))

/** With less than some ten KiB a kernel cannot begin a program, and nothing of it is left to say so: it would seem to end by itself. */
export const memoryBytesMin = 1_048_576

const memoryBytes = Schema.Int.check(
  Schema.isBetween(
    { minimum: memoryBytesMin, maximum: Number.MAX_SAFE_INTEGER },
    { message: `expected a limit of ${memoryBytesMin} bytes of memory or more` }
  )
)

/** What a process and all that it starts may use. What is absent is not limited. */
export const ProcessLimits = Schema.Struct({
  memoryBytes: Schema.optionalKey(memoryBytes),
  /** Processes and threads at the same time. */
  processes: Schema.optionalKey(positive(4_194_304)),
  /** Of one processor; 200 is two of them. */
  cpuPercent: Schema.optionalKey(positive(100_000))
})
export type ProcessLimits = typeof ProcessLimits.Type

/**
 * Starts a process. Lane 0 is its standard input if it has one, lane 1 its output, lane 2 its errors; with a terminal, lane 1
 * has both. The stream ends with an `Exit`. When the host resets it the process is ended, and the agent forgets it.
 */
export const Execute = Schema.Struct({
  op: Schema.Literal("execute"),
  id: ProcessId,
  arguments: Schema.NonEmptyArray(Text),
  /** `NAME=value` each; nothing is inherited. */
  environment: Schema.Array(Text),
  /** The guest's `/` by default. */
  directory: Schema.optionalKey(Text),
  user: Schema.Literals(["guest", "root"]),
  /** Without it, reading gives the end at once. */
  hasInput: Schema.Boolean,
  terminal: Schema.optionalKey(Size),
  timeoutMillis: Schema.optionalKey(positive(Number.MAX_SAFE_INTEGER)),
  /** Whether processes that it has started are ended with it. */
  leftovers: Schema.Literals(["end", "stay"]),
  limits: Schema.optionalKey(ProcessLimits)
})

/** Takes over a process that was started on another connection, from where its lanes were known. */
export const Attach = Schema.Struct({ op: Schema.Literal("attach"), id: ProcessId, output: Count, errors: Count })

/** Lane 1 has the bytes. */
export const Read = Schema.Struct({
  op: Schema.Literal("read"),
  path: Text,
  offset: Schema.optionalKey(Count),
  length: Schema.optionalKey(Count)
})

/** Lane 0 has the bytes. A file that is not appended to is replaced as a whole when they have ended. */
export const Write = Schema.Struct({
  op: Schema.Literal("write"),
  path: Text,
  isAppended: Schema.Boolean,
  mode: Schema.optionalKey(Mode)
})

/** Lane 1 has `Entry` records. */
export const List = Schema.Struct({ op: Schema.Literal("list"), path: Text, isRecursive: Schema.Boolean })

/** The result is an `Entry`. A symbolic link is followed. */
export const Stat = Schema.Struct({ op: Schema.Literal("stat"), path: Text })

export const MakeDirectory = Schema.Struct({ op: Schema.Literal("makeDirectory"), path: Text })

export const Remove = Schema.Struct({ op: Schema.Literal("remove"), path: Text, isRecursive: Schema.Boolean })

export const Rename = Schema.Struct({ op: Schema.Literal("rename"), from: Text, to: Text })

/** Lane 0 has a tar archive, whose entries are made below the path. */
export const Put = Schema.Struct({ op: Schema.Literal("put"), path: Text })

/** Lane 1 has a tar archive of what is below the path. */
export const Get = Schema.Struct({ op: Schema.Literal("get"), path: Text })

/**
 * Each byte on lane 0 asks what has changed since the one before; lane 1 has the `Watched` records that answer it. A `ready` note
 * comes first, and the end with the end of lane 0.
 */
export const Watch = Schema.Struct({ op: Schema.Literal("watch"), path: Text, isRecursive: Schema.Boolean })

/**
 * Prepares for a snapshot: guest code stands still, files are on their disk, and nothing more is sent than answers to pings. Until
 * `thaw` or the next hello nothing is begun, and no process is ended by the reset of its stream.
 */
export const Freeze = Schema.Struct({ op: Schema.Literal("freeze") })

/** The answer comes when the processes whose number is limited have become no more for a while, or were ended for that. */
export const Thaw = Schema.Struct({ op: Schema.Literal("thaw") })

/** Sets the clock of a machine: a hello may have waited for it for as long as it takes to boot. */
export const SetClock = Schema.Struct({ op: Schema.Literal("clock"), ...instant })

/** What a host asks an agent to do, in the frame that opens a stream. */
export const Request = Schema.Union([
  Execute,
  Attach,
  Read,
  Write,
  List,
  Stat,
  MakeDirectory,
  Remove,
  Rename,
  Put,
  Get,
  Watch,
  Freeze,
  Thaw,
  SetClock
])
export type Request = typeof Request.Type

/** What a host says about a process while it runs. */
export const Instruction = Schema.Union([
  Schema.Struct({ note: Schema.Literal("signal"), signal: Signal }),
  Schema.Struct({ note: Schema.Literal("resize"), ...Size.fields })
])
export type Instruction = typeof Instruction.Type
