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
import * as Signature from "../machine/Signature.ts"
import type { BaseImage } from "./BaseImage.ts"
import { applyDelta, changedPages, deltaBytes, encodeDelta, fits } from "./Delta.ts"
import { reject } from "./RejectedSnapshot.ts"
import {
  decodeHeader,
  type Expectation,
  encodeHeader,
  type GuestState,
  headerBytesMax,
  type MemoryHeader
} from "./SnapshotHeader.ts"

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

/** A guest between two turns. */
export interface Parts {
  readonly state: GuestState
  readonly javascript: Changes
  readonly shell: PackedMemory | undefined
  /** The files: see `file/TreeCodec`. */
  readonly files: Uint8Array
}

const magic = Buffer.from("CQJS", "latin1")
const prefixBytes = 8

/** A window beyond which no delta is compressed, so that reading one needs no more memory for it. */
const windowLogMax = 21

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
  const header = encodeHeader(wasmSha256, {
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

/** Reads the unsigned bytes of a guest. Throws a `RejectedSnapshot`. */
export const unpack = (packed: Uint8Array, expectation: Expectation): Parts => {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  if (bytes.length < prefixBytes || !bytes.subarray(0, magic.length).equals(magic)) {
    return reject("NotASnapshot", `the bytes do not begin with ${magic.toString("latin1")}`)
  }
  const headerBytes = bytes.readUInt32LE(magic.length)
  let at = prefixBytes + headerBytes
  if (headerBytes > headerBytesMax || at > bytes.length) return reject("Corrupted", "its header is cut off")
  const header = decodeHeader(bytes.toString("utf8", prefixBytes, at), expectation)
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
