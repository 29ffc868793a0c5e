import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

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

const memorySection = 5
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

/** The same module, whose one memory has at most `pagesMax` pages. */
const withMaximum = (bytes: Buffer, pagesMax: number): Buffer => {
  for (let at = 8; at < bytes.length; ) {
    const [length, body] = readNumber(bytes, at + 1)
    const end = body + length
    if (bytes[at] !== memorySection) {
      at = end
      continue
    }
    const [pagesMin] = readNumber(bytes, body + 2)
    const memory = [1, 1, ...writeNumber(pagesMin), ...writeNumber(pagesMax)]
    const section = Buffer.from([memorySection, ...writeNumber(memory.length), ...memory])
    return Buffer.concat([bytes.subarray(0, at), section, bytes.subarray(end)])
  }
  throw new Error("the engine's binary has no memory section")
}

const modules = new Map<number, EngineModule>()

/** The compiled engine whose linear memory cannot outgrow `bytesMax`. The last few are kept. */
export const compile = (bytesMax: number): EngineModule => {
  const pagesMax = Math.ceil(bytesMax / pageBytes)
  const known = modules.get(pagesMax)
  if (known !== undefined) return known
  const [oldest] = modules.keys()
  if (oldest !== undefined && modules.size >= modulesMax) modules.delete(oldest)
  const module = new WebAssembly.Module(withMaximum(wasm(), pagesMax))
  modules.set(pagesMax, module)
  return module
}
