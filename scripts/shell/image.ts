/**
 * Makes the image from which the shells of guests start: `node scripts/shell/image.ts`, which every installation of the
 * development tools does. Its file is not kept with the sources: it follows from them, and `BaseImage.ts` has its hash.
 */
import { createHash } from "node:crypto"
import { writeFileSync } from "node:fs"
import { zstdCompressSync } from "node:zlib"
import { shellImageFile, shellImageId } from "../../src/quickjs/BaseImage.ts"
import { encode } from "../../src/quickjs/BaseImageFile.ts"
import { boot } from "../../src/quickjs/Boot.ts"
import { shell } from "../../src/quickjs/Recipes.ts"
import { bundle } from "./bundle.ts"

const { code } = await bundle()
const image = await boot(shell(code))
writeFileSync(shellImageFile, zstdCompressSync(encode(image)))
const id = createHash("sha256").update(image.snapshot.memory).digest("hex")
if (id !== shellImageId) {
  process.stderr.write(
    `The image of the shell has the SHA-256 ${id}, this release needs ${shellImageId}. If its scripts were meant to change, ` +
      "make it the expected one in src/quickjs/BaseImage.ts.\n"
  )
  process.exitCode = 1
}
