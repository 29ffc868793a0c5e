/** As much of ELF, 64 bit and little-endian, as is needed to recognise a kernel and to read what a module says of itself. */

const magic = [0x7f, 0x45, 0x4c, 0x46, 2, 1]

export const isElf = (bytes: Uint8Array): boolean => magic.every((byte, index) => bytes[index] === byte)

interface Section {
  readonly name: number
  readonly offset: number
  readonly size: number
}

const sectionAt = (view: DataView, at: number): Section => ({
  name: view.getUint32(at, true),
  offset: Number(view.getBigUint64(at + 0x18, true)),
  size: Number(view.getBigUint64(at + 0x20, true))
})

const textAt = (bytes: Uint8Array, at: number): string => {
  const end = bytes.indexOf(0, at)
  return Buffer.from(bytes.subarray(at, end === -1 ? bytes.length : end)).toString("latin1")
}

/** The bytes of a section; undefined if there is none of this name, or if the file is not what it seems. */
export const section = (bytes: Uint8Array, name: string): Uint8Array | undefined => {
  if (!isElf(bytes) || bytes.length < 64) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const table = Number(view.getBigUint64(0x28, true))
  const [size, count, namesIndex] = [0x3a, 0x3c, 0x3e].map((at) => view.getUint16(at, true)) as [number, number, number]
  if (size < 0x40 || table + size * count > bytes.length) return undefined
  const sections = Array.from({ length: count }, (_, index) => sectionAt(view, table + index * size))
  const names = sections[namesIndex]
  if (names === undefined) return undefined
  const found = sections.find((candidate) => textAt(bytes, names.offset + candidate.name) === name)
  return found && bytes.subarray(found.offset, found.offset + found.size)
}
