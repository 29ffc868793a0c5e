/** LZ4 blocks, of which nothing is believed: not their lengths, and not where they say that bytes are to be copied from. */
import * as Result from "effect/Result"

const legacyMagic = 0x184c2102
/** Of one block of a legacy frame, when it is unpacked. */
const blockBytesMax = 8 * 1_048_576
const matchBytesMin = 4

class Damaged extends Error {}

/** Reads the rest of a length: bytes are added up to the first that is not 255. */
const lengthFrom = (input: Uint8Array, at: number, short: number): readonly [length: number, at: number] => {
  if (short !== 15) return [short, at]
  let length = short
  for (let next = at; next < input.length; next++) {
    const byte = input[next] ?? 0
    length += byte
    if (byte !== 255) return [length, next + 1]
  }
  throw new Damaged()
}

/** Copies within the output; what is copied may reach into what it is copied to. */
const repeat = (output: Uint8Array, to: number, distance: number, length: number): void => {
  if (distance === 0 || distance > to || to + length > output.length) throw new Damaged()
  if (distance >= length) output.copyWithin(to, to - distance, to - distance + length)
  else for (let index = 0; index < length; index++) output[to + index] = output[to + index - distance] ?? 0
}

/** Unpacks one block into the output, and gives how many bytes it had. */
const unpackBlock = (input: Uint8Array, output: Uint8Array): number => {
  let at = 0
  let to = 0
  while (at < input.length) {
    const token = input[at] ?? 0
    const [literals, from] = lengthFrom(input, at + 1, token >> 4)
    if (from + literals > input.length || to + literals > output.length) throw new Damaged()
    output.set(input.subarray(from, from + literals), to)
    to += literals
    at = from + literals
    if (at === input.length) return to
    if (at + 2 > input.length) throw new Damaged()
    const distance = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)
    const [more, next] = lengthFrom(input, at + 2, token & 15)
    repeat(output, to, distance, more + matchBytesMin)
    to += more + matchBytesMin
    at = next
  }
  return to
}

const unpackAll = (bytes: Uint8Array, at: number, bytesMax: number): ReadonlyArray<Uint8Array> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: Array<Uint8Array> = []
  let total = 0
  for (let next = at + 4; next + 4 <= bytes.length; ) {
    const length = view.getUint32(next, true)
    // What follows the frame is no block: padding, or whatever the archive was put into.
    if (length === 0 || length > blockBytesMax || next + 4 + length > bytes.length) break
    const block = new Uint8Array(blockBytesMax)
    const size = unpackBlock(bytes.subarray(next + 4, next + 4 + length), block)
    blocks.push(block.subarray(0, size))
    total += size
    if (total > bytesMax) throw new Damaged()
    next += 4 + length
    if (size < blockBytesMax) break
  }
  return blocks
}

/** Unpacks a frame of the legacy format that begins at a place; the failure says what is wrong. */
export const unpackLegacy = (bytes: Uint8Array, at: number, bytesMax: number): Result.Result<Uint8Array, string> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (at + 4 > bytes.length || view.getUint32(at, true) !== legacyMagic) return Result.fail("no LZ4 frame begins here")
  try {
    return Result.succeed(Buffer.concat(unpackAll(bytes, at, bytesMax)))
  } catch (cause) {
    if (cause instanceof Damaged) return Result.fail("the LZ4 frame is damaged, or longer than it may be")
    throw cause
  }
}
