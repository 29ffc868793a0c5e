/**
 * A guest as bytes: `magic | u32 length | header | body | shell`. The header is JSON; the body is what the memory of its JavaScript
 * has that a base image has not, as a `Delta`, and its files; the shell, if there is one, is such a delta as well. Both are
 * compressed with zstd. On their way out of the process the bytes are followed by an HMAC-SHA256 over all of them.
 *
 * N1. Bytes are strangers: whatever they are, reading them gives a guest or a rejection, and allocates no more than the
 *     guest may have.
 * N2. A guest is restored upon exactly the binary and the base images that it was made with, or not at all.
 */
import type { KeyObject } from "node:crypto"
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import type { SnapshotRejected } from "../machine/Machine.ts"
import * as Signature from "../machine/Signature.ts"
import type { MachineRules } from "../policy/machine/MachineRules.ts"
import type { BaseImage } from "./BaseImage.ts"
import { applyDelta, changedPages, deltaBytes, deltaPageBytes, encodeDelta, fits } from "./Delta.ts"
import type { Positions } from "./Positions.ts"
import type { RunFile } from "./Trace.ts"
import { engine, pageBytes } from "./Wasm.ts"

/** The bytes cannot become a guest here. */
export class RejectedSnapshot extends Error {
  override readonly name = "RejectedSnapshot"
  readonly reason: SnapshotRejected["reason"]
  readonly detail: string

  constructor(reason: SnapshotRejected["reason"], detail: string) {
    super(`${reason}: ${detail}`)
    this.reason = reason
    this.detail = detail
  }
}

/** What is known of a guest besides its memory and its files. */
export interface GuestState {
  /** The guest's clock. */
  readonly nowMillis: number
  /** SHA-256 over the tools that each of its engines knows of; empty before it was told any. */
  readonly tools: string
  readonly shellTools: string
  /** The run in progress, if there is one. */
  readonly run: RunState | undefined
}

export interface RunState extends RunFile {
  readonly ordinal: number
  readonly isShell: boolean
  /** Whether the shell has been told of this run. */
  readonly hasShell: boolean
  /** The shell jobs that JavaScript waits for. */
  readonly jobs: ReadonlyArray<string>
  readonly rules: MachineRules | undefined
  /** CPU time used. */
  readonly spentMillis: number
  /** Console output kept. */
  readonly outputBytes: number
}

/** What the header says of the memory of an engine. */
interface MemoryHeader {
  readonly base: string
  readonly memoryBytes: number
  readonly pages: number
}

/** What the memory of an engine has that its base image has not. */
export interface Changes extends MemoryHeader {
  readonly delta: Buffer
}

/** The memory of an engine that is written down by itself. */
export interface PackedMemory extends MemoryHeader {
  /** How long its bytes are. */
  readonly length: number
  readonly bytes: Uint8Array
}

interface Header {
  readonly version: number
  readonly engine: string
  readonly wasmSha256: string
  readonly javascript: MemoryHeader
  readonly files: { readonly bytes: number }
  /** How long the body is. */
  readonly length: number
  readonly shell: (MemoryHeader & Pick<PackedMemory, "length">) | undefined
  readonly state: GuestState
}

/** A guest between two turns. */
export interface Parts {
  readonly state: GuestState
  readonly javascript: Changes
  readonly shell: PackedMemory | undefined
  /** The files: see `file/TreeCodec`. */
  readonly files: Uint8Array
}

const version = 3
const magic = Buffer.from("CQJS", "latin1")
const prefixBytes = 8
const headerBytesMax = 1_048_576
/** A file tree without its larger contents: what its quota lets it have of names and of small files. */
const filesBytesMax = 64 * 1_048_576

/** A window beyond which no delta is compressed, so that reading one needs no more memory for it. */
const windowLogMax = 21

const reject = (reason: SnapshotRejected["reason"], detail: string): never => {
  throw new RejectedSnapshot(reason, detail)
}

/** The header as bytes. Positions that do not fit in are left out: errors then have the places of the compiled code. */
const headerOf = (header: Header): Buffer => {
  const bytes = Buffer.from(JSON.stringify(header))
  const { run } = header.state
  if (bytes.length <= headerBytesMax || run === undefined || run.positions.length === 0) return bytes
  return headerOf({ ...header, state: { ...header.state, run: { ...run, positions: [] } } })
}

const compress = (bytes: Uint8Array): Buffer =>
  zstdCompressSync(bytes, {
    pledgedSrcSize: bytes.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
      [constants.ZSTD_c_windowLog]: windowLogMax
    }
  })

/**
 * What a memory has that its base image has not; void once those of another one are made. The native stack, which is dead between
 * two turns, is not in it.
 */
export const changesOf = (memory: Buffer, { id, snapshot }: BaseImage): Changes => {
  const pages = changedPages(memory, snapshot.memory, snapshot.stackPointer)
  const delta = encodeDelta(memory, snapshot.memory, pages)
  return { base: id, memoryBytes: memory.length, pages: pages.length, delta }
}

export const packMemory = (memory: Buffer, base: BaseImage): PackedMemory => {
  const { delta, ...said } = changesOf(memory, base)
  const bytes = compress(delta)
  return { ...said, length: bytes.length, bytes }
}

const saidOf = ({ bytes: _, ...said }: PackedMemory): Omit<PackedMemory, "bytes"> => said

/** The bytes of a guest, unsigned. */
export const pack = ({ files, javascript, shell, state }: Parts, { wasmSha256 }: BaseImage): Uint8Array => {
  const { delta, ...said } = javascript
  // One stream: to begin another takes as long as a small guest does.
  const body = compress(Buffer.concat([delta, files]))
  const header = headerOf({
    version,
    engine,
    wasmSha256,
    javascript: said,
    files: { bytes: files.length },
    length: body.length,
    shell: shell && saidOf(shell),
    state
  })
  const prefix = Buffer.alloc(prefixBytes)
  magic.copy(prefix)
  prefix.writeUInt32LE(header.length, magic.length)
  return Buffer.concat([prefix, header, body, ...(shell === undefined ? [] : [shell.bytes])])
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

const isAmount = (value: unknown): value is number => typeof value === "number" && value >= 0

const isPositions = (value: unknown): value is Positions =>
  Array.isArray(value) &&
  value.every(
    (segments) =>
      Array.isArray(segments) &&
      segments.every((segment) => Array.isArray(segment) && segment.length === 4 && segment.every(isCount))
  )

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((text) => typeof text === "string")

/** Whether they are rules shows when somebody is to decide by them. */
const readRules = (rules: unknown): MachineRules | undefined =>
  rules === undefined || isFields(rules) ? rules : reject("Corrupted", "its run has rules that are none")

const readRun = (run: unknown): RunState | undefined => {
  if (run === undefined) return undefined
  if (!isFields(run)) return reject("Corrupted", "its run is none")
  const { fileName, hasShell, isShell, jobs, ordinal, outputBytes, positions, rules, spentMillis } = run
  if (typeof fileName !== "string" || !isPositions(positions) || !isCount(outputBytes) || !isAmount(spentMillis)) {
    return reject("Corrupted", "its run lacks what a run has")
  }
  if (!isCount(ordinal) || typeof isShell !== "boolean" || typeof hasShell !== "boolean" || !isTexts(jobs)) {
    return reject("Corrupted", "its run lacks what a run has")
  }
  const progress = { spentMillis, outputBytes, rules: readRules(rules) }
  return { ordinal, isShell, hasShell, jobs, fileName, positions, ...progress }
}

const readState = (state: unknown): GuestState => {
  if (!isFields(state)) return reject("Corrupted", "its state is none")
  const { nowMillis, run, shellTools, tools } = state
  if (!isAmount(nowMillis) || typeof tools !== "string" || typeof shellTools !== "string") {
    return reject("Corrupted", "its state lacks what a state has")
  }
  return { nowMillis, tools, shellTools, run: readRun(run) }
}

const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return reject("Corrupted", "its header is not JSON")
  }
}

const readLength = (length: unknown): number =>
  isCount(length) ? length : reject("Corrupted", "one of its parts has no length")

const readMemory = (memory: unknown, baseId: string, bytesMax: number): MemoryHeader => {
  if (!isFields(memory)) return reject("Corrupted", "its memory is none")
  const { base, memoryBytes, pages } = memory
  if (base !== baseId) return reject("UnknownBase", `${base}, this has ${baseId}`)
  if (!isCount(memoryBytes) || memoryBytes % pageBytes !== 0) {
    return reject("Corrupted", `a memory of ${memoryBytes} bytes`)
  }
  if (memoryBytes > bytesMax) {
    return reject("TooLarge", `a memory of ${memoryBytes} bytes, ${bytesMax} are allowed`)
  }
  if (!isCount(pages) || pages * deltaPageBytes > memoryBytes) return reject("Corrupted", `${pages} changed pages`)
  return { base: baseId, memoryBytes, pages }
}

const readShell = (shell: unknown, baseId: string): Header["shell"] =>
  isFields(shell)
    ? { ...readMemory(shell, baseId, Number.POSITIVE_INFINITY), length: readLength(shell["length"]) }
    : reject("Corrupted", "its shell is none")

const readFiles = (files: unknown): Header["files"] => {
  if (!isFields(files) || !isCount(files["bytes"])) return reject("Corrupted", "its files are none")
  if (files["bytes"] > filesBytesMax) {
    return reject("TooLarge", `files of ${files["bytes"]} bytes, ${filesBytesMax} are allowed`)
  }
  return { bytes: files["bytes"] }
}

type Said = Pick<Header, "javascript" | "files" | "length" | "shell" | "state">

/** What a header says, once it is certain that these bytes are of this engine and these base images. */
const readHeader = (text: string, { base, memoryBytesMax, shellBase }: Expectation): Said => {
  const json = readJson(text)
  if (!isFields(json) || !isCount(json["version"])) return reject("Corrupted", "its header has no version")
  if (json["version"] !== version) return reject("UnknownVersion", `version ${json["version"]}, this reads ${version}`)
  if (json["engine"] !== engine || json["wasmSha256"] !== base.wasmSha256) {
    return reject("UnknownEngine", `${json["engine"]} with the binary ${json["wasmSha256"]}, this is ${engine}`)
  }
  const javascript = readMemory(json["javascript"], base.id, memoryBytesMax)
  if (javascript.memoryBytes < base.snapshot.memory.length) {
    return reject("Corrupted", `a memory of ${javascript.memoryBytes} bytes`)
  }
  const shell = json["shell"] === undefined ? undefined : readShell(json["shell"], shellBase)
  const parts = { files: readFiles(json["files"]), length: readLength(json["length"]), shell }
  return { javascript, ...parts, state: readState(json["state"]) }
}

const expand = (bytes: Uint8Array, length: number): Buffer => {
  try {
    return zstdDecompressSync(bytes, {
      maxOutputLength: Math.max(1, length),
      params: { [constants.ZSTD_d_windowLogMax]: windowLogMax }
    })
  } catch {
    return reject("Corrupted", "one of its parts cannot be decompressed")
  }
}

const decompress = (bytes: Uint8Array, length: number): Buffer => {
  const expanded = expand(bytes, length)
  return expanded.length === length ? expanded : reject("Corrupted", "one of its parts is incomplete")
}

/** What snapshots must be made of to be read here. */
export interface Expectation {
  readonly base: BaseImage
  /** The identity of the shell's base image, which need not be loaded. */
  readonly shellBase: string
  readonly memoryBytesMax: number
}

/** Reads the unsigned bytes of a guest. Throws a `RejectedSnapshot`. */
export const unpack = (packed: Uint8Array, expectation: Expectation): Parts => {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  if (bytes.length < prefixBytes || !bytes.subarray(0, magic.length).equals(magic)) {
    return reject("NotASnapshot", `the bytes do not begin with ${magic.toString("latin1")}`)
  }
  const headerBytes = bytes.readUInt32LE(magic.length)
  let at = prefixBytes + headerBytes
  if (headerBytes > headerBytesMax || at > bytes.length) return reject("Corrupted", "its header is cut off")
  const header = readHeader(bytes.toString("utf8", prefixBytes, at), expectation)
  const { files, javascript, length, shell, state } = header
  const next = (length: number): Buffer => {
    at += length
    return bytes.subarray(at - length, at)
  }
  const packedBody = next(length)
  const shellBytes = next(shell?.length ?? 0)
  if (at !== bytes.length) return reject("Corrupted", "its parts do not fill it")
  const filesAt = deltaBytes(javascript.pages)
  const body = decompress(packedBody, filesAt + files.bytes)
  return {
    state,
    javascript: { ...javascript, delta: body.subarray(0, filesAt) },
    shell: shell && { ...shell, bytes: shellBytes },
    files: body.subarray(filesAt)
  }
}

/** The changes of a memory that was written down by itself. Throws a `RejectedSnapshot`. */
export const unpackMemory = ({ bytes, length: _, ...said }: PackedMemory): Changes => ({
  ...said,
  delta: decompress(bytes, deltaBytes(said.pages))
})

/** Makes a copy of the base image's memory, grown to `memoryBytes`, what had these changes. Throws a `RejectedSnapshot`. */
export const changing = ({ delta, memoryBytes, pages }: Changes, base: BaseImage): ((memory: Buffer) => void) => {
  if (!fits(delta, pages, base.snapshot.stackPointer, memoryBytes)) {
    return reject("Corrupted", "its memory has pages out of place")
  }
  return (memory) => applyDelta(delta, pages, base.snapshot.memory, memory)
}

/** The bytes that were sealed with this key. Throws a `RejectedSnapshot`. */
export const unseal = (sealed: Uint8Array, key: KeyObject): Uint8Array => {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (bytes.length < prefixBytes + Signature.signatureBytes || !bytes.subarray(0, magic.length).equals(magic)) {
    return reject("NotASnapshot", `the bytes do not begin with ${magic.toString("latin1")}`)
  }
  return Signature.unseal(bytes, key) ?? reject("WrongSignature", "it was changed, or signed with another key")
}
