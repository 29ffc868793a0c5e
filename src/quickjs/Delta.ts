/**
 * What a memory has that its base has not: the pages that differ, each XORed with the base's, so that what both have in
 * common is zeros and takes no room once compressed. Beyond its end the base counts as zeros.
 *
 * The layout is `u32 index[n] | page[n]`, little-endian, the indexes ascending.
 */

/** The unit of what is written, much smaller than WebAssembly's: a guest's values lie scattered, and a small change costs little. */
export const deltaPageBytes = 1_024

/** What is compared first, since every comparison is a call out of JavaScript. Memories and bases end with a whole one. */
const stretchBytes = 4 * deltaPageBytes

const indexBytes = 4
const wordsPerPage = deltaPageBytes / Int32Array.BYTES_PER_ELEMENT
const zeros = Buffer.alloc(stretchBytes)

/** How long the delta of so many pages is. */
export const deltaBytes = (pages: number): number => pages * (indexBytes + deltaPageBytes)

const wordsOf = ({ buffer, byteOffset, length }: Uint8Array): Int32Array =>
  new Int32Array(buffer, byteOffset, length / Int32Array.BYTES_PER_ELEMENT)

const isAsBase = (memory: Buffer, base: Uint8Array, start: number, bytes: number): boolean =>
  start < base.length
    ? memory.compare(base, start, start + bytes, start, start + bytes) === 0
    : memory.compare(zeros, 0, bytes, start, start + bytes) === 0

/** The pages of a memory, from a place in it on, that are not as in its base. */
export const changedPages = (memory: Buffer, base: Uint8Array, from: number): ReadonlyArray<number> => {
  const changed: Array<number> = []
  for (let start = from - (from % stretchBytes); start < memory.length; start += stretchBytes) {
    if (isAsBase(memory, base, start, stretchBytes)) continue
    for (let at = start; at < start + stretchBytes; at += deltaPageBytes) {
      if (!isAsBase(memory, base, at, deltaPageBytes)) changed.push(at / deltaPageBytes)
    }
  }
  return changed
}

/** Sets a page of `target` to what `left` and `right` have there, XORed. Positions are in words. */
const xor = (
  target: Int32Array,
  at: number,
  left: Int32Array,
  leftAt: number,
  right: Int32Array,
  rightAt: number
): void => {
  for (let word = 0; word < wordsPerPage; word++) {
    target[at + word] = (left[leftAt + word] ?? 0) ^ (right[rightAt + word] ?? 0)
  }
}

/** Kept for the next delta: memory that was never touched costs more than what is done in it. */
let room = Buffer.alloc(0)
const roomKept = 1_048_576

/** What it gives is void once the next one is made. */
export const encodeDelta = (memory: Buffer, base: Uint8Array, pages: ReadonlyArray<number>): Buffer => {
  const bytes = deltaBytes(pages.length)
  const delta = bytes <= room.length ? room.subarray(0, bytes) : Buffer.allocUnsafeSlow(bytes)
  if (bytes > room.length && bytes <= roomKept) room = delta
  const [target, left, right] = [wordsOf(delta), wordsOf(memory), wordsOf(base)]
  for (const [index, page] of pages.entries()) {
    delta.writeUInt32LE(page, indexBytes * index)
    const at = pages.length + wordsPerPage * index
    const from = wordsPerPage * page
    if (from < right.length) xor(target, at, left, from, right, from)
    else target.set(left.subarray(from, from + wordsPerPage), at)
  }
  return delta
}

/** Whether a delta of so many pages names only pages that lie between two places of a memory, each of them once. */
export const fits = (delta: Buffer, pages: number, from: number, memoryBytes: number): boolean => {
  let least = (from - (from % stretchBytes)) / deltaPageBytes
  for (let index = 0; index < pages; index++) {
    const page = delta.readUInt32LE(indexBytes * index)
    if (page < least || (page + 1) * deltaPageBytes > memoryBytes) return false
    least = page + 1
  }
  return true
}

/** Makes a memory that is as the base, and zeros beyond it, what it was when the delta was taken. The delta must fit. */
export const applyDelta = (delta: Buffer, pages: number, base: Uint8Array, memory: Buffer): void => {
  const [source, target, right] = [wordsOf(delta), wordsOf(memory), wordsOf(base)]
  for (let index = 0; index < pages; index++) {
    const at = pages + wordsPerPage * index
    const to = wordsPerPage * delta.readUInt32LE(indexBytes * index)
    if (to < right.length) xor(target, to, source, at, right, to)
    else target.set(source.subarray(at, at + wordsPerPage), to)
  }
}
