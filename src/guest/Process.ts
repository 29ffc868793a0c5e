import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { type AgentError, violation } from "./AgentError.ts"
import type { Connection } from "./Connection.ts"
import type { Exchange } from "./Exchange.ts"
import type { Size } from "./wire/Fields.ts"
import { Exit } from "./wire/Reply.ts"
import type { Attach, Execute, ProcessLimits } from "./wire/Request.ts"

/** A program to be run by the agent. */
export interface Command {
  /** Names the process among those that the agent knows: at most 64 letters, digits and `_.:-`. */
  readonly id: string
  /** The program, which is looked for on the PATH of `environment` if it has no slash, and its arguments. */
  readonly arguments: readonly [string, ...Array<string>]
  /** Nothing else is in the environment. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** The guest's `/` by default. */
  readonly directory?: string | undefined
  /** `guest` by default: without any privilege. */
  readonly user?: "guest" | "root" | undefined
  /** Whether it has a standard input that can be written to; else reading gives the end. */
  readonly hasInput?: boolean | undefined
  /** With it, the process has a terminal of this size in place of pipes. */
  readonly terminal?: Size | undefined
  readonly timeoutMillis?: number | undefined
  /** What becomes of processes that it has started when it has ended: `end` by default. */
  readonly leftovers?: "end" | "stay" | undefined
  readonly limits?: ProcessLimits | undefined
}

/** A process that runs in a guest, or has ended there. */
export interface Process {
  readonly id: string
  readonly pid: number
  /** Once; the process waits while nobody takes what it says. */
  readonly output: Stream.Stream<Uint8Array, AgentError>
  readonly errors: Stream.Stream<Uint8Array, AgentError>
  /** How many bytes of output and errors have come: where another connection can take the process over. */
  readonly received: () => { readonly output: number; readonly errors: number }
  /** Waits while the process does not read. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, AgentError>
  readonly endInput: Effect.Effect<void, AgentError>
  /** Signals it and the processes of its group. */
  readonly signal: (signal: number) => Effect.Effect<void, AgentError>
  readonly resize: (size: Size) => Effect.Effect<void, AgentError>
  /** How it ended, after all that it said. It comes only when `output` and `errors` were taken. */
  readonly exit: Effect.Effect<Exit, AgentError>
}

const present = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [Name in keyof Fields]: Exclude<Fields[Name], undefined>
  }

const toRequest = ({ environment = {}, limits, ...command }: Command): typeof Execute.Type => ({
  user: "guest",
  hasInput: false,
  leftovers: "end",
  ...present(command),
  ...(limits === undefined ? {} : { limits: present(limits) }),
  op: "execute",
  environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`)
})

const accompany = Effect.fnUntraced(function* (id: string, operation: string, exchange: Exchange) {
  const exit = exchange.result(operation, Exit)
  const notice = yield* exchange.notice
  if (notice === undefined) {
    yield* exit
    return yield* violation("an end without a start")
  }
  if (notice.note !== "started") return yield* violation(`${notice.note} of a process`)
  const running: Process = {
    id,
    pid: notice.pid,
    output: exchange.output.stream,
    errors: exchange.errors.stream,
    received: () => ({ output: exchange.output.received, errors: exchange.errors.received }),
    write: (bytes) => exchange.input.write(bytes),
    endInput: exchange.end,
    signal: (signal) => exchange.instruct({ note: "signal", signal }),
    resize: (size) => exchange.instruct({ note: "resize", ...size }),
    exit
  }
  return running
})

/** Starts a process. It is ended, with all that it has started, when the scope is closed. */
export const execute = Effect.fnUntraced(function* (connection: Connection, command: Command) {
  const request = toRequest(command)
  return yield* accompany(request.id, "execute", yield* connection.open(request))
})

/** Takes over a process of an earlier connection, from where its output and errors are known; they were kept for so long. */
export const attach = Effect.fnUntraced(function* (
  connection: Connection,
  id: string,
  from: { readonly output: number; readonly errors: number }
) {
  const request: typeof Attach.Type = { op: "attach", id, ...from }
  return yield* accompany(id, "attach", yield* connection.open(request, from))
})
