/** What machines of this host run on: found out once by booting one, and remembered until the host is started again. */
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { realm } from "../../process/Identity.ts"
import type { Image } from "../../template/image/ImageBuild.ts"
import * as Host from "../Host.ts"
import * as DurableFile from "../process/DurableFile.ts"
import { storageFailed } from "../QemuError.ts"
import type { Shape } from "../Shape.ts"
import * as KvmProbe from "./KvmProbe.ts"

type Accelerator = Shape["accelerator"]

const Remembered = Schema.Struct({
  version: Schema.Literal(1),
  /** The boot of the host that it holds for. */
  realm: Schema.String,
  hypervisor: Schema.String,
  accelerator: Schema.Literals(["kvm", "tcg"] satisfies ReadonlyArray<Accelerator>)
})

const text = Schema.fromJsonString(Remembered)
const bytesMax = 4_096

/** `kvm` if a machine of an image boots on the host's processor, else `tcg`. */
export const accelerator = Effect.fn("Verdict.accelerator")(function* (directory: string, image: Image) {
  const host = yield* Host.detect(directory)
  const path = join(directory, "accelerator.json")
  // What cannot be read is not known.
  const read = Effect.option(Effect.try({ try: () => DurableFile.readText(path, bytesMax), catch: () => undefined }))
  const known = Option.flatMap(yield* read, Schema.decodeUnknownOption(text))
  if (Option.isSome(known) && known.value.realm === realm() && known.value.hypervisor === host.version) {
    return known.value.accelerator
  }
  const probe = yield* KvmProbe.probe(host, image)
  const accelerator: Accelerator = probe.works ? "kvm" : "tcg"
  if (!probe.works && !probe.wasTried) return accelerator
  const remembered = Schema.encodeSync(text)({ version: 1, realm: realm(), hypervisor: host.version, accelerator })
  yield* Effect.try({
    try: () => {
      DurableFile.removeDrafts(directory)
      DurableFile.replace(path, remembered, "process")
    },
    catch: storageFailed("write", path)
  })
  return accelerator
})
