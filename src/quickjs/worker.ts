/**
 * The inside of a worker thread: machines, and a loop that gives them one request after the other.
 *
 * W1. One request at a time: guest code of two machines never interleaves, and the board names the machine that runs.
 * W2. Every request gets one reply. What a machine throws costs that machine, not the worker.
 */
import { parentPort, workerData } from "node:worker_threads"
import type { Output, Turn } from "../machine/Turn.ts"
import { baseImage } from "./BaseImage.ts"
import { Board } from "./Board.ts"
import type { Orders, Reply, Request, Result } from "./Protocol.ts"
import { RejectedSnapshot } from "./Snapshot.ts"
import { Spool } from "./Spool.ts"
import { strip, stripperIsBroken } from "./TypeStrip.ts"
import { Vm } from "./Vm.ts"

/** How long a machine may take over what is not guest code: booting, restoring, packing. */
const choreMillis = 10_000

interface Machine {
  readonly id: number
  readonly vm: Vm
  readonly spool: Spool
  readonly sliceMillis: number
}

if (parentPort === null) throw new Error("this module is the entry of a worker thread")
const port = parentPort
const board = new Board((workerData as Orders).board)
const machines = new Map<number, Machine>()
const requests: Array<Request> = []
let isBusy = false
let hasStripper = false

/** The bytes of a machine are handed over, not copied. */
const post = (reply: Reply): void => port.postMessage(reply, reply.kind === "packed" ? [reply.packed.buffer] : [])

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

const failed = (error: unknown): Result =>
  error instanceof RejectedSnapshot
    ? { kind: "rejected", reason: error.reason, detail: error.detail }
    : { kind: "broken", detail: describe(error) }

const boot = async (request: Extract<Request, { readonly kind: "boot" }>): Promise<Result> => {
  const { limits, machine, packed, seed, slot } = request
  const spool = new Spool((output) => post({ kind: "output", slot, output }))
  const options = {
    limits,
    seed,
    onOutput: (output: Output) => spool.add(output),
    interrupted: () => {
      spool.poll()
      return board.isInterrupted(slot, machine)
    }
  }
  board.enter(slot, choreMillis)
  try {
    const vm = await (packed === undefined ? Vm.boot(options) : Vm.restore(packed, options))
    machines.set(slot, { id: machine, vm, spool, sliceMillis: limits.cpuSliceMillis })
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

const runTurn = (slot: number, body: (vm: Vm) => Turn): Result =>
  run(
    slot,
    (machine) => machine.sliceMillis,
    ({ spool, vm }) => {
      spool.begin()
      const turn = body(vm)
      if (turn._tag === "Failed" && turn.fatal) dispose(slot)
      return { kind: "turn", turn, rest: spool.rest }
    }
  )

/** The first TypeScript of a thread loads the stripper, which takes longer than many a slice and is not that guest's doing. */
const loadStripper = (slot: number): void => {
  if (hasStripper) return
  board.enter(slot, choreMillis)
  strip("")
  board.leave()
  hasStripper = true
}

const perform = (request: Request): Result | Promise<Result> => {
  const { slot } = request
  switch (request.kind) {
    case "boot":
      return boot(request)
    case "start":
      if (request.program.language === "typescript") loadStripper(slot)
      return runTurn(slot, (vm) => vm.start(request.program))
    case "answer":
      return runTurn(slot, (vm) => vm.answer(request.answers, request.nowMillis))
    case "pack":
      return run(
        slot,
        () => choreMillis,
        ({ vm }) => ({ kind: "packed", packed: new Uint8Array(vm.pack()) })
      )
    case "close":
      dispose(slot)
      return { kind: "closed" }
  }
}

const work = async (): Promise<void> => {
  isBusy = true
  for (let request = requests.shift(); request !== undefined; request = requests.shift()) {
    const result = perform(request)
    post({ ...(result instanceof Promise ? await result : result), slot: request.slot })
    if (stripperIsBroken()) post({ kind: "worn", detail: "its TypeScript stripper is broken" })
  }
  isBusy = false
}

try {
  await baseImage()
  port.on("message", (request: Request) => {
    requests.push(request)
    if (!isBusy) void work()
  })
  post({ kind: "ready" })
} catch (error) {
  post({ kind: "unfit", detail: describe(error) })
}
