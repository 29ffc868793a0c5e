/**
 * Whether this host's processor runs guests. That a device can be opened, or runs a few instructions, says nothing: there are
 * hosts on which all that works and no kernel boots. So one is booted.
 */
import { accessSync, constants, readFileSync } from "node:fs"
import { release } from "node:os"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Digest from "../../template/Digest.ts"
import type { Image } from "../../template/image/ImageBuild.ts"
import type { Host } from "../Host.ts"
import { QemuError } from "../QemuError.ts"
import { accelerated } from "../Shape.ts"
import * as Boot from "./Boot.ts"

/** What came of a try. */
export type Probe =
  | { readonly works: true; readonly bootMillis: number }
  /** `wasTried`: a guest was started and did not come up. Anything else may be otherwise the next time. */
  | { readonly works: false; readonly wasTried: boolean; readonly why: string }

const device = "/dev/kvm"
const timeout = "15 seconds"

const openable = Effect.try({
  try: () => accessSync(device, constants.R_OK | constants.W_OK),
  catch: (): Probe => ({ works: false, wasTried: false, why: `${device} is not there, or not for this user` })
})

const ofError = ({ message, reason }: QemuError): Probe => ({
  works: false,
  wasTried: reason._tag === "NotReady" || reason._tag === "Ended",
  why: message
})

/** Boots a machine of an image on the host's processor, up to its agent. */
export const probe = Effect.fn("KvmProbe.probe")(
  function* (host: Host, image: Image) {
    yield* openable
    const start = yield* Clock.currentTimeMillis
    const shape = accelerated({ cpus: 1, memoryMebibytes: Math.max(128, image.template.memoryMebibytes) })
    yield* Effect.scoped(Boot.boot(host, { image, shape, timeout }))
    const probe: Probe = { works: true, bootMillis: (yield* Clock.currentTimeMillis) - start }
    return probe
  },
  (probing) =>
    Effect.catch(probing, (failure) => Effect.succeed(failure instanceof QemuError ? ofError(failure) : failure))
)

const factsOf = (cpuinfo: string): ReadonlyArray<string> =>
  (cpuinfo.split("\n\n")[0] ?? "")
    .split("\n")
    .filter((line) => /^(vendor_id|cpu family|model|stepping|flags)\b/.test(line))

/** What of this host a snapshot depends on that was made on its processor. */
export const processor = Effect.sync(() => {
  const facts = factsOf(readFileSync("/proc/cpuinfo", "utf8"))
  return Digest.ofValue({ facts, kernel: release() })
})
