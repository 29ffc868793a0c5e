import { assert, describe, it } from "@effect/vitest"
import { compile } from "../../src/quickjs/Wasm.ts"

interface Exporting {
  readonly WebAssembly: {
    readonly Module: { readonly exports: (module: object) => ReadonlyArray<{ readonly name: string }> }
  }
}
const { WebAssembly } = globalThis as unknown as Exporting

describe("the compiled engine", () => {
  it("is compiled once for every size of memory", () =>
    assert.strictEqual(compile(32 * 1_048_576), compile(32 * 1_048_576)))

  it("exports what the host calls, and not the whole of the engine's interface", () => {
    const names = WebAssembly.Module.exports(compile(32 * 1_048_576)).map(({ name }) => name)
    assert.includeMembers(names, ["memory", "qjs_call", "qjs_new_string", "wasm_malloc", "wasm_free"])
    assert.isFalse(names.some((name) => name.startsWith("JS_")))
  })
})
