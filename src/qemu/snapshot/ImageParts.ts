/** The files of an image that machines are to be made from. */
import { existsSync } from "node:fs"
import * as Effect from "effect/Effect"
import { hypervisorFailed, ImageDamaged } from "../../microvm/HypervisorError.ts"
import type { Image, parts } from "../../template/image/ImageBuild.ts"
import * as Part from "./Part.ts"

/**
 * Reads every file of an image to its end and fails if one is not what was built: what comes of a damaged one would be taken for
 * sound ever after. Gives those that machines go on to need, as they were when they were read.
 */
export const verified = Effect.fn("ImageParts.verified")(function* (image: Image) {
  const read = Effect.fnUntraced(function* (part: (typeof parts)[number]) {
    const { digest, path } = image[part]
    const damaged = hypervisorFailed(new ImageDamaged({ template: image.template.name, part, path }))
    if (!(yield* Effect.sync(() => existsSync(path)))) return yield* damaged
    return yield* Effect.catchTag(Part.verified(part, path, digest), "SnapshotError", () => Effect.fail(damaged))
  })
  yield* read("kernel")
  yield* read("initrd")
  return { base: yield* read("base"), disk: yield* read("disk") }
})
