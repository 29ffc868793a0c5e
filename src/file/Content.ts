/**
 * What is in a file: a list of chunks, which never changes. A longer file is another list that shares chunks with it.
 *
 * C1. No chunk is empty, none is longer than `chunkBytesMax`, and only the last may be shorter than `chunkBytesMin`.
 */
import { type Chunk, joined } from "./Chunk.ts"

export interface Content {
  readonly chunks: ReadonlyArray<Chunk>
  readonly bytes: number
}

export const chunkBytesMin = 65_536
export const chunkBytesMax = 1_048_576

export const empty: Content = { chunks: [], bytes: 0 }

const cut = (head: Uint8Array, tail: Uint8Array): ReadonlyArray<Chunk> => {
  const chunks: Array<Chunk> = []
  const bytes = head.length + tail.length
  for (let at = 0; at < bytes; at += chunkBytesMax) {
    const end = at + chunkBytesMax
    const ofHead = head.subarray(at, end)
    chunks.push(joined([ofHead, tail.subarray(Math.max(0, at - head.length), Math.max(0, end - head.length))]))
  }
  return chunks
}

/** A copy of the bytes. */
export const of = (bytes: Uint8Array): Content => ({ chunks: cut(new Uint8Array(0), bytes), bytes: bytes.length })

/** The content with a copy of the bytes behind it. Copies no more of the content than its last chunk, if that is short. */
export const append = (content: Content, bytes: Uint8Array): Content => {
  if (bytes.length === 0) return content
  const last = content.chunks.at(-1)
  const isShort = last !== undefined && last.bytes.length < chunkBytesMin
  const kept = isShort ? content.chunks.slice(0, -1) : content.chunks
  const head = isShort ? last.bytes : new Uint8Array(0)
  return { chunks: [...kept, ...cut(head, bytes)], bytes: content.bytes + bytes.length }
}

/** A copy of the bytes from `start` on, before `end`, in memory of its own. */
export const slice = (content: Content, start = 0, end = content.bytes): Uint8Array<ArrayBuffer> => {
  const from = Math.min(Math.max(start, 0), content.bytes)
  const to = Math.min(Math.max(end, from), content.bytes)
  const bytes = new Uint8Array(to - from)
  let at = 0
  for (const chunk of content.chunks) {
    const part = chunk.bytes.subarray(Math.max(0, from - at), Math.max(0, to - at))
    if (part.length > 0) bytes.set(part, Math.max(at, from) - from)
    at += chunk.bytes.length
  }
  return bytes
}
