/** Pieces of checkpoints: bytes that are compressed, and named by what they are then. */
import { promisify } from "node:util"
import { constants, zstdCompress, zstdDecompress } from "node:zlib"
import * as Digest from "../../template/Digest.ts"

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Fast, and the same for ever: equal bytes give equal pieces. */
const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 262_144 }

/** A whole region comes out at once: each chunk costs a way to a thread and back. */
const chunkBytesMax = 2_228_224

export interface Piece {
  readonly name: Digest.Digest
  readonly bytes: Uint8Array
}

/** Compresses bytes, away from the event loop. */
export const make = async (bytes: Uint8Array): Promise<Piece> => {
  const compressed = await compress(bytes, options)
  return { name: Digest.ofBytes(compressed), bytes: compressed }
}

/** The bytes of a piece; undefined if they are not what its name says, or more than expected. */
export const open = async (
  name: Digest.Digest,
  piece: Uint8Array,
  bytesMax: number
): Promise<Uint8Array | undefined> => {
  if (Digest.ofBytes(piece) !== name) return undefined
  try {
    return await decompress(piece, { maxOutputLength: bytesMax, chunkSize: Math.min(bytesMax + 64, chunkBytesMax) })
  } catch {
    return undefined
  }
}
