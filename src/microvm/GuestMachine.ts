/**
 * A machine with a kernel of its own, as a session uses it.
 *
 * G1. What a guest uses of the processor is measured at its hypervisor, and what it prints is counted here: it is asked for neither.
 * G2. A guest that breaks its interpreter or its protocol ends its run and its machine, and nothing else.
 * G3. Nothing waits for a guest for ever: a turn ends with the run's processor time or its wall time, whichever is over first.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { FileError } from "../file/FileError.ts"
import type { AgentError } from "../guest/AgentError.ts"
import * as GuestFiles from "../guest/GuestFiles.ts"
import type { Trouble } from "../guest/interpreter/Interpreter.ts"
import { InterpreterError } from "../guest/interpreter/InterpreterError.ts"
import type { Limits } from "../machine/Limits.ts"
import {
  MachineError,
  MachineLost,
  ProcessLimit,
  type Snapshot,
  type SnapshotMachine,
  SnapshotTooLarge
} from "../machine/Machine.ts"
import { outOfTime } from "../machine/OutOfTime.ts"
import * as Printed from "../machine/Printed.ts"
import type { Output, Turn } from "../machine/Turn.ts"
import type { Microvm } from "../template/Template.ts"
import type { GuestError } from "../tool/GuestError.ts"
import type { DurableVm, Vm } from "./Hypervisor.ts"
import type { HypervisorError } from "./HypervisorError.ts"
import type { Inside } from "./Inside.ts"
import type { Spent, Written } from "./Snapshot.ts"

export interface Parts {
  readonly vm: Vm | DurableVm
  /** Waits until the guest can be used. */
  readonly inside: Effect.Effect<Inside, MachineError>
  readonly limits: Limits
  readonly onOutput?: ((output: Output) => void) | undefined
  readonly template: Pick<Microvm, "cpus" | "limits" | "output">
  /** All of the machine. It is closed when the machine is lost. */
  readonly scope: Scope.Closeable
  /** What the run in progress has used before. */
  readonly spent: Spent
  readonly toSnapshot: (written: Written) => Snapshot
}

type Failure = MachineError | HypervisorError | AgentError

const lost = (detail: string) => new MachineError({ reason: new MachineLost({ detail }) })

/** What a loss says of itself, without that it is one. */
const detailOf = (error: Failure): string =>
  error.reason._tag === "MachineLost" || error.reason._tag === "Lost" ? error.reason.detail : error.message

const failureOf = (error: Failure): MachineError => {
  if (error._tag === "MachineError") return error
  if (error.reason._tag !== "CheckpointTooLarge") return lost(detailOf(error))
  return new MachineError({ reason: new SnapshotTooLarge({ bytesMax: error.reason.bytesMax }) })
}

const isTooMany = ({ reason }: AgentError): boolean => reason._tag === "Refused" && reason.code === "TooMany"

/** How long the guest's processor time is not looked at, at least. */
const lookMillisMin = 10

/** How long it may take to hear what has become of files. */
const changesTimeout = "60 seconds"

const cpuLimit: GuestError = { name: "InternalError", message: "interrupted", reason: "CpuLimit" }

const errorOf = ({ message, reason }: InterpreterError, processLimit: ProcessLimit): GuestError => {
  const how = reason._tag === "InterpreterEnded" ? reason.exit.how : undefined
  if (how === "outOfMemory") return { name: "InternalError", message: "out of memory", reason: "MemoryLimit" }
  if (how === "outOfProcesses") return { name: "LimitError", message: processLimit.message, reason: "ProcessLimit" }
  return { name: "InternalError", message, reason: reason._tag === "Misbehaved" ? "Misbehaved" : "GuestEnded" }
}

export const make = Effect.fnUntraced(function* (parts: Parts) {
  const { inside, limits, scope, template, toSnapshot, vm } = parts
  const processLimit = new ProcessLimit({ processes: template.limits.processes })
  const lock = Semaphore.makeUnsafe(1)
  let gone: string | undefined
  let { outputBytes, spentMillis } = parts.spent
  /** Of the turn that is under way. */
  let printed: Array<Output> = []
  const serving = {
    limits,
    onOutput: (output: Output) => {
      Printed.add(printed, output)
      parts.onOutput?.(output)
    }
  }
  yield* Scope.addFinalizer(
    scope,
    Effect.sync(() => (gone ??= "its scope is closed"))
  )

  const end = (detail: string) =>
    Effect.suspend(() => {
      gone ??= detail
      return Scope.close(scope, Exit.void)
    })

  const vmLost = Effect.flatMap(vm.lost, Effect.fail)

  /** One operation at a time. Whatever fails but a file loses the machine, and so does its interruption. */
  const operate = <A>(
    doing: (inside: Inside) => Effect.Effect<A, Failure | FileError>
  ): Effect.Effect<A, MachineError | FileError> => {
    const done = Effect.suspend(
      (): Effect.Effect<A, Failure | FileError> =>
        gone === undefined
          ? Effect.flatMap(inside, (inside) => Effect.raceFirst(doing(inside), vmLost))
          : Effect.fail(lost(gone))
    )
    const failed = (error: Failure | FileError): Effect.Effect<never, MachineError | FileError> => {
      if (error._tag === "FileError") return Effect.fail(error)
      const failure = failureOf(error)
      return Effect.andThen(end(detailOf(failure)), Effect.fail(failure))
    }
    return lock.withPermit(
      Effect.catch(
        Effect.onInterrupt(done, () => end("it was interrupted")),
        failed
      )
    )
  }
  const withoutFiles = <A>(doing: (inside: Inside) => Effect.Effect<A, Failure>): Effect.Effect<A, MachineError> =>
    Effect.catchTag(operate(doing), "FileError", Effect.die)

  const fatal = (error: GuestError): Turn => ({
    _tag: "Failed",
    error,
    fatal: true,
    cancelled: [],
    output: printed,
    usage: { cpuMillis: 0, memoryBytes: 0 }
  })

  /** Ends with the turn that takes longer than it may. */
  const limited = Effect.fnUntraced(function* (before: number) {
    const allowed = Math.min(limits.cpuSliceMillis, limits.cpuRunMillis - spentMillis)
    const endMillis = (yield* Clock.currentTimeMillis) + limits.wallMillis
    for (;;) {
      const left = allowed - ((yield* vm.cpuMillis) - before)
      if (left <= 0) return fatal(cpuLimit)
      const wallLeft = endMillis - (yield* Clock.currentTimeMillis)
      if (wallLeft <= 0) return fatal(outOfTime)
      yield* Effect.sleep(Math.max(lookMillisMin, Math.min(left / template.cpus, wallLeft)))
    }
  })

  const changesIn = ({ changes }: Inside) =>
    Effect.timeoutOrElse(changes, {
      duration: changesTimeout,
      orElse: () => Effect.fail(lost("it does not say what has become of its files"))
    })

  const broken = (error: Trouble): Effect.Effect<Turn, AgentError> =>
    error instanceof InterpreterError
      ? Effect.succeed(fatal(errorOf(error, processLimit)))
      : error.reason._tag === "Violation"
        ? Effect.succeed(fatal({ name: "InternalError", message: error.message, reason: "Misbehaved" }))
        : Effect.fail(error)

  /** Adds what was printed in a turn. Beyond what is allowed, an interpreter prints only the mark that stands for the rest. */
  const countOutput = (): Pick<Turn, "outputCut"> => {
    const before = outputBytes
    outputBytes += Printed.bytesOf(printed)
    return before <= limits.outputBytes && outputBytes > limits.outputBytes ? { outputCut: true } : {}
  }

  const take = (made: (interpreter: Inside["interpreter"]) => Effect.Effect<Turn, Trouble>) =>
    withoutFiles(
      Effect.fnUntraced(function* (inside) {
        printed = []
        inside.interpreter.serve(serving)
        const before = yield* vm.cpuMillis
        const turn = yield* Effect.raceFirst(Effect.catch(made(inside.interpreter), broken), limited(before))
        const cpuMillis = (yield* vm.cpuMillis) - before
        spentMillis += cpuMillis
        const measured = { usage: { ...turn.usage, cpuMillis }, ...countOutput() }
        if (turn._tag === "Failed" && turn.fatal) {
          yield* end(turn.error.message)
          return { ...turn, ...measured }
        }
        const files = yield* changesIn(inside)
        const { displays, ...plain } = turn
        const shown = displays === undefined || template.output === "text" ? {} : { displays }
        return { ...plain, ...shown, ...measured, ...(files.length === 0 ? {} : { files }) }
      })
    )

  const snapshot = Effect.fnUntraced(function* ({ agent, standing }: Inside) {
    if (!("checkpoint" in vm)) return yield* lost("a machine for one scope cannot be written down")
    if (!(yield* agent.freeze)) return yield* lost("its guest does not stand still")
    const compressing = yield* vm.checkpoint
    // What was written down may have a process in it that starts others without end, after a run that was over at once.
    const thawed = Effect.catch(agent.thaw, (error) =>
      Effect.fail(isTooMany(error) ? new MachineError({ reason: processLimit }) : error)
    )
    const [checkpoint] = yield* Effect.all([compressing, thawed], { concurrency: 2 })
    return toSnapshot({ checkpoint, standing: standing(), spent: { spentMillis, outputBytes } })
  })

  const machine: SnapshotMachine = {
    start: (program) =>
      take((interpreter) => {
        spentMillis = 0
        outputBytes = 0
        return interpreter.start(program)
      }),
    answer: (answers, nowMillis) => take((interpreter) => interpreter.answer(answers, nowMillis)),
    files: (operation) =>
      operate(
        Effect.fnUntraced(function* (inside) {
          const result = yield* GuestFiles.perform(inside.agent, operation)
          return { result, changes: yield* changesIn(inside) }
        })
      ),
    snapshot: withoutFiles(snapshot)
  }
  return machine
})
