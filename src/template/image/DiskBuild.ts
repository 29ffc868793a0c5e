/** An empty disk, as a machine begins with it. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Program from "../../process/Program.ts"
import * as Cache from "../Cache.ts"
import * as Digest from "../Digest.ts"
import { stepFailed, templateFailed } from "../TemplateError.ts"
import { epochSeconds } from "./DebianRecipe.ts"

const format = 1

export const Disk = Schema.Struct({
  version: Schema.Literal(format),
  file: Schema.Struct({ name: Schema.String, digest: Digest.Digest, bytes: Schema.Int })
})
export type Disk = typeof Disk.Type

/**
 * No journal: the disk of a machine whose memory is lost is lost with it. What is not written needs no room, and the guest is not
 * to fill tables in the background.
 */
const features = "^has_journal,^resize_inode,^metadata_csum,sparse_super2"

const formatted = (uuid: string, image: string): ReadonlyArray<string> => [
  ...["-q", "-F", "-m", "0", "-L", "upper", "-U", uuid, "-O", features],
  ...["-E", `hash_seed=${uuid},lazy_itable_init=1,nodiscard,root_owner=0:0`],
  image
]

/** An empty disk of so many mebibytes. */
export const obtain = Effect.fn("DiskBuild.obtain")(function* (mebibytes: number) {
  const files = yield* FileSystem.FileSystem
  const key = Digest.ofValue({ format, mebibytes, recipe: formatted("uuid", "image"), epochSeconds })
  const bytes = mebibytes * 1_048_576
  const make = Effect.fnUntraced(function* (directory: string) {
    const image = `${directory}/upper.ext4`
    yield* files.writeFile(image, new Uint8Array())
    yield* files.truncate(image, bytes)
    const environment = { E2FSPROGS_FAKE_TIME: String(epochSeconds), SOURCE_DATE_EPOCH: String(epochSeconds) }
    yield* Program.run("mkfs.ext4", formatted(Digest.uuidOf(key), image), { environment }).pipe(
      Effect.mapError(templateFailed)
    )
    const digest = yield* Effect.mapError(Digest.ofFile(image), stepFailed("disk"))
    return { version: format, file: { name: "upper.ext4", digest, bytes } } satisfies Disk
  })
  return yield* Cache.obtain({ step: "disk", key, manifest: Disk, make })
})
