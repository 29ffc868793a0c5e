/** The worker, with faults that the source of a program sets off before the program would run. */
import { parentPort, workerData } from "node:worker_threads"
import { Board } from "../../../src/quickjs/Board.ts"
import { Inbox } from "../../../src/quickjs/Inbox.ts"
import type { Orders, Request } from "../../../src/quickjs/Protocol.ts"

const board = new Board((workerData as Orders).board)

const faults: Readonly<Record<string, (request: Request) => void>> = {
  "exit between guests": () => process.exit(3),
  "exit within a guest": ({ slot }) => {
    board.enter(slot, 60_000)
    process.exit(3)
  },
  "burn, and heed nothing": ({ slot }) => {
    board.enter(slot, 60_000)
    parentPort?.postMessage({ kind: "output", slot, output: [{ stream: "stdout", text: "burning" }] })
    for (;;);
  },
  "have no processor": ({ slot }) => {
    board.enter(slot, 1)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
    board.leave()
  },
  "be let go on again and again": ({ slot }) => {
    board.enter(slot, 1)
    const pause = new Int32Array(new SharedArrayBuffer(4))
    for (let time = 0; time < 30; time += 1) {
      Atomics.wait(pause, 0, 0, 20)
      board.beat()
    }
    board.leave()
  },
  "exhaust the heap": () => {
    const all: Array<object> = []
    for (;;) all.push(new Array(1_000_000).fill(all.length))
  },
  throw: () => {
    throw new TypeError("a fault of the worker")
  },
  "wear out": () => parentPort?.postMessage({ kind: "worn", detail: "worn out" })
}

const { next } = Inbox.prototype
Inbox.prototype.next = function (this: Inbox) {
  const request = next.call(this)
  if (request?.kind === "start") faults[request.program.source]?.(request)
  return request
}

await import("../../../src/quickjs/worker.ts")
