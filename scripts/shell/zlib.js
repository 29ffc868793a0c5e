/** What just-bash needs of `node:zlib`. */
import { gzipSync as deflate, gunzipSync as inflate } from "fflate"

export const constants = { Z_BEST_COMPRESSION: 9, Z_BEST_SPEED: 1, Z_DEFAULT_COMPRESSION: 6 }

const need = (bytes, most) => {
  if (bytes > most) throw new RangeError(`Cannot create a Buffer larger than ${most} bytes`)
}

/** The length that a compressed file gives for what is in it. */
const statedBytes = (file) => {
  const at = file.length - 4
  return (file[at] | (file[at + 1] << 8) | (file[at + 2] << 16) | (file[at + 3] << 24)) >>> 0
}

export const gunzipSync = (file, { maxOutputLength = Infinity } = {}) => {
  if (file.length < 18) throw new Error("unexpected end of file")
  need(statedBytes(file), maxOutputLength)
  const bytes = inflate(file)
  need(bytes.length, maxOutputLength)
  return bytes
}

export const gzipSync = (bytes, { level, maxOutputLength = Infinity } = {}) => {
  const file = deflate(bytes, { level, mtime: 0 })
  need(file.length, maxOutputLength)
  return file
}
