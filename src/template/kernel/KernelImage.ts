/**
 * The kernel inside of a bootable image. A hypervisor that is given it unpacked starts it where it begins, and the guest need not
 * unpack it in software.
 */
import { zstdDecompressSync } from "node:zlib"
import * as Result from "effect/Result"
import { isElf } from "./Elf.ts"
import * as Lz4 from "./Lz4.ts"

/** Of a kernel when it is unpacked. */
const kernelBytesMax = 256 * 1_048_576

const lz4Magic = Buffer.from([0x02, 0x21, 0x4c, 0x18])
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

const unzstd = (bytes: Uint8Array, at: number): Result.Result<Uint8Array, string> => {
  try {
    return Result.succeed(zstdDecompressSync(bytes.subarray(at), { maxOutputLength: kernelBytesMax }))
  } catch {
    return Result.fail("the zstd frame is damaged, or longer than it may be")
  }
}

/** Every place where an archive may begin. The code before it may hold such bytes by chance, so each is tried. */
const places = (bytes: Buffer, magic: Buffer): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = bytes.indexOf(magic); at !== -1 && found.length < 16; at = bytes.indexOf(magic, at + 1)) found.push(at)
  return found
}

/** Unpacks the kernel of an image: what Debian packs with LZ4 or zstd, or one that is not packed. */
export const unpack = (image: Uint8Array): Result.Result<Uint8Array, string> => {
  if (isElf(image)) return Result.succeed(image)
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength)
  const tries = [
    ...places(bytes, lz4Magic).map((at) => () => Lz4.unpackLegacy(bytes, at, kernelBytesMax)),
    ...places(bytes, zstdMagic).map((at) => () => unzstd(bytes, at))
  ]
  for (const attempt of tries) {
    const unpacked = attempt()
    if (Result.isSuccess(unpacked) && isElf(unpacked.success)) return unpacked
  }
  return Result.fail("it holds no kernel that is packed with LZ4 or zstd")
}
