import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { QuickJS } from "quickjs-wasi"
import { compile } from "../../src/quickjs/Wasm.ts"

interface Exporting {
  readonly WebAssembly: {
    readonly Module: { readonly exports: (module: object) => ReadonlyArray<{ readonly name: string }> }
  }
}
interface Table {
  readonly length: number
  readonly get: (index: number) => unknown
}

/** Some of everything that a guest can do. */
const busy = `
  class Shape { #sides = 4; get sides() { return this.#sides } }
  const made = [new Shape().sides, ...new Map([[1, 2]]).values(), /x+/.exec('xx')[0], 2n ** 70n, new Date(0).toISOString()]
  const later = async function* () { yield* made; await null }
  ;(async () => { for await (const value of later()) globalThis.last = value })()
  try { (function deep() { deep() })() } catch {}
  eval('new Function("return 1")()') + JSON.stringify(made.map(String)) + new Uint8Array(1e5).length + [3, 1, 2].sort()
`

const { WebAssembly } = globalThis as unknown as Exporting

describe("the compiled engine", () => {
  it("is compiled once for every size of memory", () =>
    assert.strictEqual(compile(32 * 1_048_576), compile(32 * 1_048_576)))

  it("exports what the host calls, and not the whole of the engine's interface", () => {
    const names = WebAssembly.Module.exports(compile(32 * 1_048_576)).map(({ name }) => name)
    assert.includeMembers(names, ["memory", "qjs_call", "qjs_new_string", "wasm_malloc", "wasm_free"])
    assert.isFalse(names.some((name) => name.startsWith("JS_")))
  })

  it("has no state but its memory and its stack's pointer: its table stays as it is, and there is no other global", async () => {
    const bytes = readFileSync(createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm"))
    // One global, a mutable i32 that begins as a constant: the one that is exported.
    const globals = Buffer.from([0x06, 0x09, 0x01, 0x7f, 0x01, 0x41])
    assert.isTrue(bytes.includes(globals))
    const vm = await QuickJS.create({ wasm: bytes, maxStackSize: 65_536 })
    const exported = vm._getExports() as unknown as Record<string, Table>
    assert.include(Object.keys(exported), "__stack_pointer")
    const table = exported["__indirect_function_table"]
    const entries = () => Array.from({ length: table?.length ?? 0 }, (_, index) => table?.get(index))
    const before = entries()
    assert.isAbove(before.length, 500)
    vm.evalCode(busy).dispose()
    while (vm.executePendingJobs() > 0);
    assert.deepStrictEqual(entries(), before)
    vm.dispose()
  })
})
