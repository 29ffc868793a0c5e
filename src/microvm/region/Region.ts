/**
 * The changes of one region of a file: a bit for each page, the first page the lowest bit of the first byte, then the pages whose
 * bits are set, in order. Pure.
 */
import { pageBytes, regionBytes } from "../Checkpoint.ts"

const pagesOfRegion = regionBytes / pageBytes
export const bitmapBytes = pagesOfRegion / 8
/** Bytes of the longest changes that there are. */
export const changesBytesMax = bitmapBytes + regionBytes

/**
 * What differs from another version of a region; undefined if nothing does. Both have the length of a region, what is beyond the
 * end of a file is zeros.
 */
export const diff = (own: Buffer, below: Buffer): Uint8Array<ArrayBuffer> | undefined => {
  if (own.equals(below)) return undefined
  const pages: Array<number> = []
  for (let page = 0; page < pagesOfRegion; page++) {
    const at = page * pageBytes
    if (own.compare(below, at, at + pageBytes, at, at + pageBytes) !== 0) pages.push(page)
  }
  const changes = new Uint8Array(bitmapBytes + pages.length * pageBytes)
  for (const [index, page] of pages.entries()) {
    changes[page >> 3] = (changes[page >> 3] ?? 0) | (1 << (page & 7))
    changes.set(own.subarray(page * pageBytes, (page + 1) * pageBytes), bitmapBytes + index * pageBytes)
  }
  return changes
}

/** Pages that follow each other, to be written at once. */
export interface Run {
  /** Where in the region. */
  readonly offset: number
  readonly bytes: Uint8Array
}

const isSet = (changes: Uint8Array, page: number): boolean => ((changes[page >> 3] ?? 0) & (1 << (page & 7))) !== 0

/** Where to write what; undefined of bytes that are no changes of a region. */
export const runsOf = (changes: Uint8Array): ReadonlyArray<Run> | undefined => {
  if (changes.length < bitmapBytes) return undefined
  const runs: Array<Run> = []
  let at = bitmapBytes
  for (let page = 0; page < pagesOfRegion; page++) {
    if (!isSet(changes, page)) continue
    let after = page
    while (after < pagesOfRegion && isSet(changes, after)) after++
    const length = (after - page) * pageBytes
    runs.push({ offset: page * pageBytes, bytes: changes.subarray(at, at + length) })
    at += length
    page = after
  }
  return at === changes.length && runs.length > 0 ? runs : undefined
}
