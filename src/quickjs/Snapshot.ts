/**
 * A guest as bytes: `magic | u32 length | header | body`, where the header is JSON and the body a `Delta`, compressed with
 * zstd. On its way out of the process it is followed by an HMAC-SHA256 over all of that.
 *
 * N1. Bytes are strangers: whatever they are, reading them gives a guest or a rejection, and allocates no more than the
 *     guest may have.
 * N2. A guest is restored upon exactly the binary and the base image that it was made with, or not at all.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto"
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import type { SnapshotRejected } from "../machine/Machine.ts"
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

/** What is known of a guest besides its memory. */
export interface GuestState {
  /** The guest's clock. */
  readonly nowMillis: number
  /** SHA-256 over the tools that the guest knows of; empty before it was told any. */
  readonly tools: string
  /** The run in progress, if there is one. */
  readonly run: RunState | undefined
}

export interface RunState extends RunFile {
  /** CPU time used. */
  readonly spentMillis: number
  /** Console output kept. */
  readonly outputBytes: number
}

interface Header {
  readonly version: number
  readonly engine: string
  readonly wasmSha256: string
  readonly base: string
  readonly memoryBytes: number
  readonly pages: number
  readonly state: GuestState
}

const version = 1
const magic = Buffer.from("CQJS", "latin1")
const prefixBytes = 8
const headerBytesMax = 1_048_576
const signatureBytes = 32

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

/** The bytes of a guest, unsigned. The native stack, which is dead between two turns, is not among them. */
export const pack = (memory: Buffer, state: GuestState, { id, snapshot, wasmSha256 }: BaseImage): Uint8Array => {
  const pages = changedPages(memory, snapshot.memory, snapshot.stackPointer)
  const delta = encodeDelta(memory, snapshot.memory, pages)
  const body = zstdCompressSync(delta, {
    pledgedSrcSize: delta.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
      [constants.ZSTD_c_windowLog]: windowLogMax
    }
  })
  const header = headerOf({
    version,
    engine,
    wasmSha256,
    base: id,
    memoryBytes: memory.length,
    pages: pages.length,
    state
  })
  const prefix = Buffer.alloc(prefixBytes)
  magic.copy(prefix)
  prefix.writeUInt32LE(header.length, magic.length)
  return Buffer.concat([prefix, header, body])
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

const readRun = (run: unknown): RunState | undefined => {
  if (run === undefined) return undefined
  if (!isFields(run)) return reject("Corrupted", "its run is none")
  const { fileName, outputBytes, positions, spentMillis } = run
  if (typeof fileName !== "string" || !isPositions(positions) || !isCount(outputBytes) || !isAmount(spentMillis)) {
    return reject("Corrupted", "its run lacks what a run has")
  }
  return { fileName, positions, outputBytes, spentMillis }
}

const readState = (state: unknown): GuestState => {
  if (!isFields(state) || !isAmount(state["nowMillis"]) || typeof state["tools"] !== "string") {
    return reject("Corrupted", "its state lacks what a state has")
  }
  return { nowMillis: state["nowMillis"], tools: state["tools"], run: readRun(state["run"]) }
}

const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return reject("Corrupted", "its header is not JSON")
  }
}

/** What a header says, once it is certain that these bytes are of this engine and this base image. */
const readHeader = (text: string, base: BaseImage): Pick<Header, "memoryBytes" | "pages" | "state"> => {
  const json = readJson(text)
  if (!isFields(json) || !isCount(json["version"])) return reject("Corrupted", "its header has no version")
  if (json["version"] !== version) return reject("UnknownVersion", `version ${json["version"]}, this reads ${version}`)
  if (json["engine"] !== engine || json["wasmSha256"] !== base.wasmSha256) {
    return reject("UnknownEngine", `${json["engine"]} with the binary ${json["wasmSha256"]}, this is ${engine}`)
  }
  if (json["base"] !== base.id) return reject("UnknownBase", `${json["base"]}, this has ${base.id}`)
  const { memoryBytes, pages } = json
  if (!isCount(memoryBytes) || memoryBytes % pageBytes !== 0 || memoryBytes < base.snapshot.memory.length) {
    return reject("Corrupted", `a memory of ${memoryBytes} bytes`)
  }
  if (!isCount(pages) || pages * deltaPageBytes > memoryBytes) return reject("Corrupted", `${pages} changed pages`)
  return { memoryBytes, pages, state: readState(json["state"]) }
}

const decompress = (body: Uint8Array, length: number): Buffer => {
  try {
    return zstdDecompressSync(body, {
      maxOutputLength: Math.max(1, length),
      params: { [constants.ZSTD_d_windowLogMax]: windowLogMax }
    })
  } catch {
    return reject("Corrupted", "its memory cannot be decompressed")
  }
}

/** A guest that was read, and how its memory is made. */
export interface Unpacked {
  readonly state: GuestState
  readonly memoryBytes: number
  /** Turns a copy of the base image's memory, grown to `memoryBytes`, into the guest's. */
  readonly restore: (memory: Buffer) => void
}

/** Reads the unsigned bytes of a guest. Throws a `RejectedSnapshot`. */
export const unpack = (packed: Uint8Array, base: BaseImage, memoryBytesMax: number): Unpacked => {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  if (bytes.length < prefixBytes || !bytes.subarray(0, magic.length).equals(magic)) {
    return reject("NotASnapshot", `the bytes do not begin with ${magic.toString("latin1")}`)
  }
  const headerBytes = bytes.readUInt32LE(magic.length)
  const bodyAt = prefixBytes + headerBytes
  if (headerBytes > headerBytesMax || bodyAt > bytes.length) return reject("Corrupted", "its header is cut off")
  const { memoryBytes, pages, state } = readHeader(bytes.toString("utf8", prefixBytes, bodyAt), base)
  if (memoryBytes > memoryBytesMax) {
    return reject("TooLarge", `a memory of ${memoryBytes} bytes, ${memoryBytesMax} are allowed`)
  }
  const delta = decompress(bytes.subarray(bodyAt), deltaBytes(pages))
  if (delta.length !== deltaBytes(pages)) return reject("Corrupted", "its memory is incomplete")
  if (!fits(delta, pages, base.snapshot.stackPointer, memoryBytes))
    return reject("Corrupted", "its memory has pages out of place")
  return { state, memoryBytes, restore: (memory) => applyDelta(delta, pages, base.snapshot.memory, memory) }
}

const sign = (packed: Uint8Array, key: KeyObject): Buffer => createHmac("sha256", key).update(packed).digest()

/** Signs the bytes of a guest, to leave the process. */
export const seal = (packed: Uint8Array, key: KeyObject): Uint8Array => Buffer.concat([packed, sign(packed, key)])

/** The bytes that were sealed with this key. Throws a `RejectedSnapshot`. */
export const unseal = (sealed: Uint8Array, key: KeyObject): Uint8Array => {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (bytes.length < prefixBytes + signatureBytes || !bytes.subarray(0, magic.length).equals(magic)) {
    return reject("NotASnapshot", `the bytes do not begin with ${magic.toString("latin1")}`)
  }
  const packed = bytes.subarray(0, bytes.length - signatureBytes)
  if (timingSafeEqual(sign(packed, key), bytes.subarray(packed.length))) return packed
  return reject("WrongSignature", "it was changed, or signed with another key")
}
