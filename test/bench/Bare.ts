/** What quickjs-wasi does by itself, without isolation, durability or a gate: the baseline of every figure. */
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { QuickJS } from "quickjs-wasi"

const bytes = readFileSync(fileURLToPath(import.meta.resolve("quickjs-wasi/quickjs.wasm")))
/** WebAssembly has no types here: TypeScript ships them with those of browsers only. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => Uint8Array<ArrayBuffer> }
}
const wasm = new WebAssembly.Module(bytes)

/** Creates a VM, evaluates `1+1` and disposes of it. */
export const createAndAdd = async (): Promise<void> => {
  const vm = await QuickJS.create({ wasm })
  vm.evalCode("1+1").dispose()
  vm.dispose()
}

/** A VM that has waited for a host promise, as a raw snapshot. */
const parked = async () => {
  const vm = await QuickJS.create({ wasm })
  vm.evalCode(
    "var settle; var waited = new Promise((resolve) => { settle = resolve }).then((value) => value + 1)"
  ).dispose()
  return vm.snapshot()
}
const snapshot = await parked()

/** Restores a raw snapshot, settles its promise and disposes of it. */
export const restoreAndSettle = async (): Promise<void> => {
  const vm = await QuickJS.restore(snapshot, { wasm })
  vm.evalCode("settle(41)").dispose()
  vm.executePendingJobs()
  vm.dispose()
}

/** Size of a raw snapshot with a few variables, in bytes. */
export const snapshotBytes = async (source: string): Promise<number> => {
  const vm = await QuickJS.create({ wasm })
  vm.evalCode(source).dispose()
  const { memory } = vm.snapshot()
  vm.dispose()
  return memory.byteLength
}

const echo = `
  const { parentPort } = require("node:worker_threads")
  parentPort.on("message", (message) => parentPort.postMessage(message))
`

/** `count` messages to a thread and back, one after the other: what a call to another thread costs at the least. */
export const messagesPerSecond = async (count: number): Promise<number> => {
  const worker = new Worker(echo, { eval: true })
  const roundTrip = () => {
    const reply = once(worker, "message")
    worker.postMessage({ id: "1.1", outcome: { _tag: "Succeeded", value: "2" } })
    return reply
  }
  for (let index = 0; index < 100; index++) await roundTrip()
  const start = performance.now()
  for (let index = 0; index < count; index++) await roundTrip()
  const seconds = (performance.now() - start) / 1_000
  await worker.terminate()
  return count / seconds
}
