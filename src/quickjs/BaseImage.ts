/**
 * The memories from which guests start: that of their JavaScript has the language, and the boot scripts that give guests their
 * globals and the host its kernel; that of their shell has just-bash beside these, and what makes a terminal of it. Snapshots say
 * only how a guest differs from them.
 *
 * They have to come out the same to the last byte, everywhere and always: a snapshot restored upon other bytes would be another
 * guest. So they are made with a clock that stands still and no chance, and compared with the identities below. A build brings
 * them along. A worker takes as long to make the first as to start; where it is missing, every worker makes it anew. The second
 * needs tools that installations do not have: it is always a file, and is read when it is first needed.
 */
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { zstdDecompressSync } from "node:zlib"
import { decode } from "./BaseImageFile.ts"
import { type Booted, boot, UnfitEngine } from "./Boot.ts"
import type { Value } from "./Hooks.ts"
import { base, inFolder, type KernelFunction, type ShellFunction } from "./Recipes.ts"
import { wasmSha256 } from "./Wasm.ts"

export { UnfitEngine } from "./Boot.ts"

/** The engine's binary and the images that this release is made of. */
const expected = {
  wasm: "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9",
  base: "bc1bdb73e201375f4b69990c252a7edbbb0340d44aa4c26e6f9c976bead7fd87",
  shell: "fb902290485bbde303c77c92cdc9317fac2989bd7857e032a81e60484526c65a"
}

export interface BaseImage extends Booted<KernelFunction> {
  /** SHA-256 of the memory, in hexadecimal. */
  readonly id: string
  /** SHA-256 of the engine's binary, in hexadecimal. */
  readonly wasmSha256: string
  readonly kernel: Booted<KernelFunction>["kernel"] & Partial<Readonly<Record<ShellFunction, Value>>>
}

/** What the identity of a shell's image is, whether or not it is there. */
export const shellImageId = expected.shell

/** Where the shell's image lies. Only the one that was made last is put there. */
export const shellImageFile = inFolder("shell-image")

const identify = (content: Booted<KernelFunction>): BaseImage => {
  const binary = wasmSha256()
  if (binary !== expected.wasm) {
    throw new UnfitEngine(
      `quickjs.wasm has the SHA-256 ${binary}, this release needs ${expected.wasm}: install the exact dependencies`
    )
  }
  return { ...content, id: createHash("sha256").update(content.snapshot.memory).digest("hex"), wasmSha256: binary }
}

const loadBase = async (): Promise<BaseImage> => {
  const file = inFolder("base-image")
  const image = identify(existsSync(file) ? decode(readFileSync(file)) : await boot(base))
  if (image.id === expected.base) return image
  throw new UnfitEngine(
    `the base image has the SHA-256 ${image.id}, this release needs ${expected.base}: its boot scripts were changed, and ` +
      "snapshots that were made before will not be restored. If that is meant, make it the expected one in BaseImage.ts"
  )
}

const loadShell = async (): Promise<BaseImage> => {
  if (!existsSync(shellImageFile)) {
    throw new UnfitEngine("the image of the shell is missing: run `npm run prepare`")
  }
  const image = identify(decode(zstdDecompressSync(readFileSync(shellImageFile))))
  if (image.id === expected.shell) return image
  throw new UnfitEngine(
    `the image of the shell has the SHA-256 ${image.id}, this release needs ${expected.shell}: run \`npm run prepare\`. If its ` +
      "scripts were meant to change, make it the expected one in BaseImage.ts, and shells of before will not be restored"
  )
}

let baseOnce: Promise<BaseImage> | undefined
let shellOnce: Promise<BaseImage> | undefined

/** The image of a guest's JavaScript, read or made when this thread first needs it. Fails with `UnfitEngine`. */
export const baseImage = (): Promise<BaseImage> => {
  baseOnce ??= loadBase()
  return baseOnce
}

/** The image of a guest's shell, read when this thread first needs it. Fails with `UnfitEngine`. */
export const shellImage = (): Promise<BaseImage> => {
  shellOnce ??= loadShell()
  return shellOnce
}
