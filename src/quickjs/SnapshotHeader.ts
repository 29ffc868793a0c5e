/** The header of a guest's bytes: what is said of it besides its memory and its files, and of these how much there is. */
import type { MachineRules } from "../policy/machine/MachineRules.ts"
import type { BaseImage } from "./BaseImage.ts"
import { deltaPageBytes } from "./Delta.ts"
import type { Held } from "./Outstanding.ts"
import type { Positions } from "./Positions.ts"
import { reject } from "./RejectedSnapshot.ts"
import type { RunFile } from "./Trace.ts"
import { engine, pageBytes } from "./Wasm.ts"

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
  /** Calls that wait for an answer. Snapshots of before do not say it. */
  readonly outstanding?: ReadonlyArray<Held> | undefined
  readonly rules: MachineRules | undefined
  /** CPU time used. */
  readonly spentMillis: number
  /** Console output kept. */
  readonly outputBytes: number
}

/** What the header says of the memory of an engine. */
export interface MemoryHeader {
  readonly base: string
  readonly memoryBytes: number
  readonly pages: number
}

/** What it says of a guest, beside the version and the engine that it is of. */
export interface Said {
  readonly javascript: MemoryHeader
  readonly files: { readonly bytes: number }
  /** How long the body is. */
  readonly length: number
  readonly shell: (MemoryHeader & { readonly length: number }) | undefined
  readonly state: GuestState
}

/** What snapshots must be made of to be read here. */
export interface Expectation {
  readonly base: BaseImage
  /** The identity of the shell's base image, which need not be loaded. */
  readonly shellBase: string
  readonly memoryBytesMax: number
}

const version = 3
export const headerBytesMax = 1_048_576
/** A file tree without its larger contents: what its quota lets it have of names and of small files. */
const filesBytesMax = 64 * 1_048_576

/** The header as bytes. Positions that do not fit in are left out: errors then have the places of the compiled code. */
export const encodeHeader = (wasmSha256: string, said: Said): Buffer => {
  const bytes = Buffer.from(JSON.stringify({ version, engine, wasmSha256, ...said }))
  const { run } = said.state
  if (bytes.length <= headerBytesMax || run === undefined || run.positions.length === 0) return bytes
  return encodeHeader(wasmSha256, { ...said, state: { ...said.state, run: { ...run, positions: [] } } })
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

const isOutstanding = (value: unknown): value is ReadonlyArray<Held> | undefined =>
  value === undefined ||
  (Array.isArray(value) &&
    value.every((held) => Array.isArray(held) && held.length === 2 && typeof held[0] === "string" && isCount(held[1])))

/** Whether they are rules shows when somebody is to decide by them. */
const readRules = (rules: unknown): MachineRules | undefined =>
  rules === undefined || isFields(rules) ? rules : reject("Corrupted", "its run has rules that are none")

const readRun = (run: unknown): RunState | undefined => {
  if (run === undefined) return undefined
  if (!isFields(run)) return reject("Corrupted", "its run is none")
  const { fileName, hasShell, isShell, jobs, ordinal, outputBytes, outstanding, positions, rules, spentMillis } = run
  if (typeof fileName !== "string" || !isPositions(positions) || !isCount(outputBytes) || !isAmount(spentMillis)) {
    return reject("Corrupted", "its run lacks what a run has")
  }
  if (
    !isCount(ordinal) ||
    typeof isShell !== "boolean" ||
    typeof hasShell !== "boolean" ||
    !isTexts(jobs) ||
    !isOutstanding(outstanding)
  ) {
    return reject("Corrupted", "its run lacks what a run has")
  }
  const progress = { spentMillis, outputBytes, outstanding, rules: readRules(rules) }
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

const readShell = (shell: unknown, baseId: string): Said["shell"] =>
  isFields(shell)
    ? { ...readMemory(shell, baseId, Number.POSITIVE_INFINITY), length: readLength(shell["length"]) }
    : reject("Corrupted", "its shell is none")

const readFiles = (files: unknown): Said["files"] => {
  if (!isFields(files) || !isCount(files["bytes"])) return reject("Corrupted", "its files are none")
  if (files["bytes"] > filesBytesMax) {
    return reject("TooLarge", `files of ${files["bytes"]} bytes, ${filesBytesMax} are allowed`)
  }
  return { bytes: files["bytes"] }
}

/** What a header says, once it is certain that these bytes are of this engine and these base images. Throws a `RejectedSnapshot`. */
export const decodeHeader = (text: string, { base, memoryBytesMax, shellBase }: Expectation): Said => {
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
