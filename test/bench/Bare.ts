/** What quickjs-wasi does by itself, without isolation, durability or a gate: the baseline of every figure. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { EvalFlags, QuickJS } from "quickjs-wasi"

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

/** `count` awaited host calls in one VM of this thread, settled at once; gives calls per second. */
export const callsPerSecond = async (count: number): Promise<number> => {
  const vm = await QuickJS.create({ wasm })
  const double = vm.newFunction("double", (amount) => vm.newNumber(amount.toNumber() * 2))
  vm.global.setProp("double", double)
  const source = `(async () => { let sum = 0; for (let i = 0; i < ${count}; i++) sum += await double(i); return sum })()`
  const start = performance.now()
  vm.evalCode(source, "bench.js", EvalFlags.TYPE_GLOBAL).dispose()
  vm.executePendingJobs()
  const seconds = (performance.now() - start) / 1_000
  vm.dispose()
  return count / seconds
}
