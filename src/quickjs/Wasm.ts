import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { setFlagsFromString } from "node:v8"

/** Names the engine in snapshots and journals. */
export const engine = "quickjs-wasi@3.6.2"

/** The size of a WebAssembly page, in which linear memory grows. */
export const pageBytes = 65_536

/** A compiled engine. WebAssembly has no types here: TypeScript ships them with those of browsers only. */
export type EngineModule = object

interface WebAssemblyGlobal {
  readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => EngineModule }
}
const { WebAssembly } = globalThis as unknown as WebAssemblyGlobal

const preambleBytes = 8
const memorySection = 5
const exportSection = 7

/** The exports that `Engine` calls, itself or by what it uses of quickjs-wasi. */
const used = new Set([
  "memory",
  "__stack_pointer",
  "_initialize",
  "wasm_malloc",
  "wasm_free",
  "qjs_init2",
  "qjs_get_runtime_ptr",
  "qjs_get_context_ptr",
  "qjs_set_runtime_and_context",
  "qjs_set_memory_limit",
  "qjs_set_max_stack_size",
  "qjs_set_interrupt_handler",
  "qjs_set_promise_rejection_handler",
  "qjs_run_gc",
  "qjs_is_job_pending",
  "qjs_execute_pending_job",
  "qjs_compile",
  "qjs_eval",
  "qjs_eval_bytecode",
  "qjs_call",
  "qjs_new_host_function",
  "qjs_new_string",
  "qjs_new_number",
  "qjs_get_undefined",
  "qjs_get_true",
  "qjs_get_prop_string",
  "qjs_get_string_len",
  "qjs_is_string",
  "qjs_is_undefined",
  "qjs_is_exception",
  "qjs_get_exception",
  "qjs_free_cstring",
  "qjs_dup_value",
  "qjs_free_value"
])

const modulesMax = 16

let file: Buffer | undefined

const wasm = (): Buffer => {
  file ??= readFileSync(createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm"))
  return file
}

/** SHA-256 of the engine's binary as it is shipped, in hexadecimal. */
export const wasmSha256 = (): string => createHash("sha256").update(wasm()).digest("hex")

/** Reads an unsigned LEB128 number; gives it and where it ends. */
const readNumber = (bytes: Uint8Array, start: number): readonly [value: number, end: number] => {
  let value = 0
  for (let at = start, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return [value, at + 1]
  }
}

const writeNumber = (value: number): ReadonlyArray<number> =>
  value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...writeNumber(Math.floor(value / 0x80))]

const section = (id: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([id, ...writeNumber(body.length)]), body])

/** A memory section whose one memory has at most `pagesMax` pages. */
const memoryOf = (body: Buffer, pagesMax: number): Buffer => {
  const [pagesMin] = readNumber(body, 2)
  return Buffer.from([1, 1, ...writeNumber(pagesMin), ...writeNumber(pagesMax)])
}

/** An export section without what nobody here uses: every export of every guest is an object of its own. */
const exportsOf = (body: Buffer): Buffer => {
  const kept: Array<Buffer> = []
  const [count, first] = readNumber(body, 0)
  for (let at = first, index = 0; index < count; index++) {
    const [length, start] = readNumber(body, at)
    const [, end] = readNumber(body, start + length + 1)
    if (used.has(body.toString("utf8", start, start + length))) kept.push(body.subarray(at, end))
    at = end
  }
  return Buffer.concat([Buffer.from(writeNumber(kept.length)), ...kept])
}

/** The same module with a bounded memory and few exports. */
const tailored = (bytes: Buffer, pagesMax: number): Buffer => {
  const parts = [bytes.subarray(0, preambleBytes)]
  for (let at = preambleBytes; at < bytes.length; ) {
    const [length, start] = readNumber(bytes, at + 1)
    const end = start + length
    const body = bytes.subarray(start, end)
    if (bytes[at] === memorySection) parts.push(section(memorySection, memoryOf(body, pagesMax)))
    else if (bytes[at] === exportSection) parts.push(section(exportSection, exportsOf(body)))
    else parts.push(bytes.subarray(at, end))
    at = end
  }
  return Buffer.concat(parts)
}

/** Bytes of a function's code that have to run before V8 optimises it: its own choice, and the one of a short life. */
const optimisedAfter = { usually: 13_000_000, inShortLife: 2_000_000_000 }

const optimiseAfter = (bytes: number): void => setFlagsFromString(`--wasm-tiering-budget=${bytes}`)

let livesShortly = false

/**
 * Engines that are compiled from now on are optimised so late that a process which soon ends never waits for that. The engine's
 * interpreter is one function, of which every step counts as a hundred kilobytes: V8 would optimise it after the first few
 * hundred steps of a guest, which takes a tenth of a second of another thread, and the process could not end before.
 *
 * It sets a flag of the whole process for as long as an engine is compiled: only a process of our own may be told to.
 */
export const liveShortly = (): void => {
  livesShortly = true
}

/** A module keeps the number. The flag does not stay: V8 loads compiled JavaScript only with the flags that it was kept with. */
const compileForShortLife = (bytes: Uint8Array): EngineModule => {
  optimiseAfter(optimisedAfter.inShortLife)
  try {
    return new WebAssembly.Module(bytes)
  } finally {
    optimiseAfter(optimisedAfter.usually)
  }
}

let keepsCode = false

/**
 * V8 frees compiled code that nobody seems to use while another thread may just have begun to: of a process whose workers came and
 * went, one in some dozens ended with a fault of memory in there (Node 24.21). From the end of the first worker on no such code is
 * freed, of which there is little: what one engine had before it was optimised. It is a flag of the whole process, and V8 reads
 * compiled JavaScript that it has kept with the same flags only: a process whose workers do not end starts as it did.
 */
export const keepCode = (): void => {
  if (keepsCode) return
  keepsCode = true
  setFlagsFromString("--no-wasm-code-gc")
}

const modules = new Map<number, EngineModule>()

/** The compiled engine whose linear memory cannot outgrow `bytesMax`. The last few are kept. */
export const compile = (bytesMax: number): EngineModule => {
  const pagesMax = Math.ceil(bytesMax / pageBytes)
  const known = modules.get(pagesMax)
  if (known !== undefined) return known
  const [oldest] = modules.keys()
  if (oldest !== undefined && modules.size >= modulesMax) modules.delete(oldest)
  const bytes = tailored(wasm(), pagesMax)
  const module = livesShortly ? compileForShortLife(bytes) : new WebAssembly.Module(bytes)
  modules.set(pagesMax, module)
  return module
}
