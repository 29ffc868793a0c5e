import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import { EvalFlags, JSException, type JSValueHandle, QuickJS } from "quickjs-wasi"
import { type Cell, compile } from "../../src/quickjs/Cell.ts"
import { type Positions, sourcePosition } from "../../src/quickjs/Positions.ts"

const wasm = await readFile(fileURLToPath(import.meta.resolve("quickjs-wasi/quickjs.wasm")))

/** Follows a promise of `{ value }` and makes a text of how it ends. */
const watcher = `(promise) => {
  const seen = { text: "pending", stack: "" }
  const show = (value) => typeof value === "function" ? "function" : JSON.stringify(value) ?? String(value)
  promise
    .then(({ value }) => value)
    .then(
      (value) => { seen.text = show(value) },
      (error) => { seen.text = String(error); seen.stack = error?.stack ?? "" }
    )
  return seen
}`

/** One VM in which cells are evaluated as a session would. */
class Notebook {
  readonly #vm: QuickJS
  readonly #watch: JSValueHandle
  #cells = 0

  constructor(vm: QuickJS) {
    this.#vm = vm
    this.#watch = vm.evalCode(watcher)
  }

  /**
   * How a cell ends: the JSON of its value, the text of what it throws with the line and column of its topmost frame, or
   * `refused: ` and the error of the compiler.
   */
  run(source: string, language: Cell["language"] = "javascript"): string {
    const compiled = compile({ source, language, ordinal: ++this.#cells })
    if (compiled._tag === "Unable") return "unable"
    if (compiled._tag === "Refused") {
      const { column, line, message, name } = compiled.error
      return `refused: ${name}: ${message} (${line}:${column})`
    }
    const { code, fileName, positions } = compiled
    return this.#evaluate(code, fileName, positions)
  }

  #evaluate(code: string, fileName: string, positions: Positions): string {
    try {
      const promise = this.#vm.evalCode(code, fileName, EvalFlags.ASYNC)
      const seen = this.#vm.callFunction(this.#watch, this.#vm.undefined, promise)
      this.#vm.executePendingJobs()
      return seen.getProp("text").toString() + this.#place(seen.getProp("stack").toString(), fileName, positions)
    } catch (error) {
      if (!(error instanceof JSException)) throw error
      return `${error.name}: ${error.message}${this.#place(error.stack ?? "", fileName, positions)}`
    }
  }

  #place(stack: string, fileName: string, positions: Positions): string {
    const [, line, column] = stack.match(new RegExp(`${fileName}:(\\d+):(\\d+)`)) ?? []
    if (line === undefined) return ""
    const place = sourcePosition(positions, Number(line), Number(column))
    return ` (${place.line}:${place.column})`
  }
}

export const withNotebook = async (use: (notebook: Notebook) => void): Promise<void> => {
  const vm = await QuickJS.create({ wasm, memoryLimit: 1 << 26, maxStackSize: 1 << 16, timezoneOffset: 0 })
  try {
    use(new Notebook(vm))
  } finally {
    vm.dispose()
  }
}

/** Cells of one session and how each of them ends. */
export interface Case {
  readonly title: string
  readonly cells: ReadonlyArray<readonly [source: string, end: string]>
}

export const holds =
  (language: Cell["language"]) =>
  ({ cells }: Case): Promise<void> =>
    withNotebook((notebook) => {
      for (const [source, end] of cells) assert.strictEqual(notebook.run(source, language), end, source)
    })
