/** A process that builds into a cache, with something mounted in its draft, until somebody ends it. It says when that is so. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Schema } from "effect"
import * as Contained from "../../src/process/Contained.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as Digest from "../../src/template/Digest.ts"
import { templateFailed } from "../../src/template/TemplateError.ts"

const [cache = ""] = process.argv.slice(2)
const isRoot = process.geteuid?.() === 0

const mounting = [...(isRoot ? ["mount -t tmpfs none ."] : []), "touch file", "echo mounted", "exec sleep 1000"].join(
  " && "
)

const building = Cache.obtain({
  step: "base",
  key: Digest.ofValue("never"),
  manifest: Schema.Struct({}),
  make: (directory) =>
    Contained.run("sh", ["-c", mounting], { directory, isRoot, onLine: () => Console.log(directory) }).pipe(
      Effect.mapError(templateFailed),
      Effect.as({})
    )
})

NodeRuntime.runMain(Effect.provide(building, Layer.merge(Cache.layerAt(cache), NodeServices.layer)))
