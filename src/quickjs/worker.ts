/**
 * The inside of a worker thread: machines, and a loop that gives them one request after the other.
 *
 * W1. One request at a time: guest code of two machines never interleaves, and the board names the machine that runs.
 * W2. Every request gets one reply. What a machine throws costs that machine, not the worker.
 * W3. After its last request it looks out for the next one before it sleeps: whoever was given a turn often has an answer
 *     at once.
 */
import { parentPort, workerData } from "node:worker_threads"
import * as Outcome from "effect/Result"
import type { FileOperation } from "../file/FileOperation.ts"
import type { Expected, FilesDone, Program, TurnOptions } from "../machine/Machine.ts"
import type { Output, Turn } from "../machine/Turn.ts"
import { baseImage } from "./BaseImage.ts"
import { Board } from "./Board.ts"
import { hasTypes } from "./Cell.ts"
import { weightAgain } from "./Host.ts"
import { Inbox } from "./Inbox.ts"
import type { FilesRefused, Orders, Packed, Reply, Request, Result } from "./Protocol.ts"
import { RejectedSnapshot } from "./RejectedSnapshot.ts"
import * as Rules from "./Rules.ts"
import { Spool } from "./Spool.ts"
import * as ThreadTime from "./ThreadTime.ts"
import { strip, stripperIsBroken } from "./TypeStrip.ts"
import { needsShell, type Progress, Vm } from "./Vm.ts"
import { liveShortly } from "./Wasm.ts"

/** How long a machine may take over what is not guest code: booting, restoring, packing. */
const choreMillis = 10_000

interface Machine {
  readonly id: number
  readonly vm: Vm
  readonly spool: Spool
  readonly sliceMillis: number
  readonly expected: Expected | undefined
  /** The contents that its host has. */
  readonly sent: Set<string>
}

if (parentPort === null) throw new Error("this module is the entry of a worker thread")
const port = parentPort
const orders = workerData as Orders
const board = new Board(orders.board)
const machines = new Map<number, Machine>()
let isBusy = false
let hasStripper = false

/** The bytes of a machine are handed over, not copied. */
const post = (reply: Reply): void => {
  const packed = reply.kind === "packed" || reply.kind === "turn" ? reply.packed : undefined
  port.postMessage(reply, packed === undefined ? [] : [packed.bytes.buffer])
}

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

const failed = (error: unknown): Result =>
  error instanceof RejectedSnapshot
    ? { kind: "rejected", reason: error.reason, detail: error.detail }
    : { kind: "broken", detail: describe(error) }

const boot = async (request: Extract<Request, { readonly kind: "boot" }>): Promise<Result> => {
  const { expected, limits, machine, packed, seed, slot } = request
  const spool = new Spool((output) => post({ kind: "output", slot, output }))
  const options = {
    limits,
    seed,
    onOutput: (output: Output) => spool.add(output),
    interrupted: () => {
      spool.poll()
      board.beat()
      return board.isInterrupted(slot, machine)
    }
  }
  board.enter(slot, choreMillis)
  try {
    const vm = await (packed === undefined
      ? Vm.boot(options)
      : Vm.restore({ bytes: packed.bytes, contents: packed.added }, options))
    const sent = new Set(packed?.added.keys())
    machines.set(slot, { id: machine, vm, spool, sliceMillis: limits.cpuSliceMillis, expected, sent })
    return { kind: "booted" }
  } catch (error) {
    return failed(error)
  } finally {
    board.leave()
  }
}

const dispose = (slot: number): void => {
  const machine = machines.get(slot)
  machines.delete(slot)
  try {
    machine?.vm.dispose()
  } catch {
    // A broken engine may not be able to end in good order. Its memory goes with the last reference to it.
  }
}

/** Lets a machine work for a while. Whatever it throws is the end of it. */
const run = (slot: number, allowedMillis: (machine: Machine) => number, body: (machine: Machine) => Result): Result => {
  const machine = machines.get(slot)
  if (machine === undefined) return failed("the machine was never booted")
  board.enter(slot, allowedMillis(machine))
  try {
    return board.isInterrupted(slot, machine.id) ? failed("it was interrupted before it ran") : body(machine)
  } catch (error) {
    dispose(slot)
    return failed(error)
  } finally {
    board.leave()
  }
}

/** Brings what a machine lacks, which takes longer than many a slice and is not its guest's doing. */
const bring = async (slot: number, body: () => Promise<void>): Promise<Result | undefined> => {
  board.enter(slot, choreMillis)
  try {
    await body()
    return undefined
  } catch (error) {
    dispose(slot)
    return failed(error)
  } finally {
    board.leave()
  }
}

const isExpected = (turn: Turn, expected: Expected | undefined): boolean => {
  if (expected === undefined || (turn._tag === "Failed" && turn.fatal)) return false
  return turn._tag === "Parked" ? turn.calls.some(({ path }) => expected.calls.includes(path)) : expected.ends
}

const packed = (slot: number, { sent, vm }: Machine): Packed => {
  board.enter(slot, choreMillis)
  const { bytes, contents } = vm.pack()
  const added = new Map([...contents].filter(([name]) => !sent.has(name)))
  for (const name of added.keys()) sent.add(name)
  return { bytes: new Uint8Array(bytes), names: [...contents.keys()], added }
}

const turnOf = (slot: number, machine: Machine, progress: Progress): Result | typeof needsShell => {
  if (progress === needsShell) return needsShell
  if (progress._tag === "Failed" && progress.fatal) dispose(slot)
  const isWanted = isExpected(progress, machine.expected)
  const { rest } = machine.spool
  return { kind: "turn", turn: progress, rest, packed: isWanted ? packed(slot, machine) : undefined }
}

const runTurn = (slot: number, options: TurnOptions, body: (vm: Vm) => Progress): Result | Promise<Result> => {
  machines.get(slot)?.spool.begin()
  return goOn(slot, options, body)
}

const goOn = (slot: number, options: TurnOptions, body: (vm: Vm) => Progress): Result | Promise<Result> => {
  let isHeld = false
  const result = run(
    slot,
    ({ sliceMillis }) => (options.isAgain ? sliceMillis / weightAgain : sliceMillis),
    (machine) => {
      const result = turnOf(slot, machine, body(machine.vm))
      isHeld = result === needsShell
      return result === needsShell ? failed("it waits for its shell") : result
    }
  )
  return isHeld ? proceed(slot, options) : result
}

/** Goes on with a turn that cannot be made without the shell. */
const proceed = async (slot: number, options: TurnOptions): Promise<Result> => {
  const vm = machines.get(slot)?.vm
  const failure = await bring(slot, async () => vm?.openShell())
  return failure ?? goOn(slot, options, (vm) => vm.proceed())
}

const perform = ({ vm }: Machine, operation: FileOperation, nowMillis: number): FilesDone | FilesRefused =>
  Outcome.match(vm.perform(operation, nowMillis), {
    onSuccess: (done): FilesDone | FilesRefused => done,
    onFailure: ({ code, message, operation, path }) => ({ code, message, operation, path })
  })

/** The first TypeScript of a thread loads the stripper, which takes longer than many a slice and is not that guest's doing. */
const loadStripper = (slot: number): void => {
  if (hasStripper) return
  board.enter(slot, choreMillis)
  strip("")
  board.leave()
  hasStripper = true
}

const start = async (slot: number, program: Program, options: TurnOptions): Promise<Result> =>
  (await bring(slot, Rules.load)) ?? runTurn(slot, options, (vm) => vm.start(program, options))

const handle = (request: Request): Result | Promise<Result> => {
  const { slot } = request
  switch (request.kind) {
    case "boot":
      return boot(request)
    case "start":
      if (hasTypes(request.program)) loadStripper(slot)
      if (request.program.rules !== undefined) return start(slot, request.program, request)
      return runTurn(slot, request, (vm) => vm.start(request.program, request))
    case "answer":
      return runTurn(slot, request, (vm) => vm.answer(request.answers, request.nowMillis, request))
    case "files":
      return run(
        slot,
        () => choreMillis,
        (machine) => ({ kind: "files", done: perform(machine, request.operation, request.nowMillis) })
      )
    case "pack":
      return run(
        slot,
        () => choreMillis,
        (machine) => ({ kind: "packed", packed: packed(slot, machine) })
      )
    case "close":
      dispose(slot)
      return { kind: "closed" }
  }
}

const work = async (inbox: Inbox): Promise<void> => {
  if (isBusy) return
  isBusy = true
  let last: Request["kind"] | undefined
  for (let request = inbox.next(); request !== undefined; request = inbox.next()) {
    last = request.kind
    const result = handle(request)
    post({ ...(result instanceof Promise ? await result : result), slot: request.slot })
    if (stripperIsBroken()) post({ kind: "worn", detail: "its TypeScript stripper is broken" })
  }
  isBusy = false
  // Whoever has booted a machine is about to use it.
  if (inbox.isEmpty && last !== "boot") setImmediate(prepare)
}

/** With nothing else to do. What cannot be made now is made with the guest that needs it, and then the reason is told. */
const prepare = (): void => {
  if (!isBusy) void Vm.prepare().catch(() => {})
}

try {
  if (orders.livesShortly) liveShortly()
  await baseImage()
  const inbox: Inbox = new Inbox(port, () => void work(inbox))
  post({ kind: "ready", thread: ThreadTime.own() })
} catch (error) {
  post({ kind: "unfit", detail: describe(error) })
}
